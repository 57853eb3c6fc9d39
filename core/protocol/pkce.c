#include "protocol/pkce.h"

#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

struct slice pkce_verifier(struct arena *arena)
{
    return random_token(arena, 32);
}

struct slice pkce_challenge(struct arena *arena, struct slice verifier)
{
    return sha256_text(arena, verifier);
}

static bool all_unreserved(struct slice text, const char *besides)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!plain && (c == '\0' || strchr(besides, c) == NULL))
            return false;
    }
    return true;
}

bool pkce_challenge_is_valid(struct slice challenge)
{
    return challenge.len == 43 && all_unreserved(challenge, "-_");
}

bool pkce_matches(struct slice verifier, struct slice challenge)
{
    struct arena arena = { 0 };

    if (verifier.len < 43 || verifier.len > 128 || !all_unreserved(verifier, "-._~"))
        return false;
    bool matches = secret_equal(pkce_challenge(&arena, verifier), challenge);

    arena_release(&arena);
    return matches;
}
