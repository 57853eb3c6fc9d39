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

bool pkce_challenge_is_valid(struct slice challenge)
{
    return challenge.len == 43 && slice_is_plain(challenge, "-_");
}

bool pkce_matches(struct slice verifier, struct slice challenge)
{
    struct arena arena = { 0 };

    if (verifier.len < 43 || verifier.len > 128 || !slice_is_plain(verifier, "-._~"))
        return false;
    bool matches = secret_equal(pkce_challenge(&arena, verifier), challenge);

    arena_release(&arena);
    return matches;
}
