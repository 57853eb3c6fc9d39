/*
 * What tokens cost beside sockets and store: hashes, random bytes, signatures, with OpenSSL's
 * contexts kept.
 */
#ifndef CARDEA_BENCH_MODELS_WORK_H
#define CARDEA_BENCH_MODELS_WORK_H

#include "base/arena.h"

void work_hash(struct slice text, char hash[32]);
void work_mac(struct slice text, char mac[32]);
/* 32 random bytes as 43 characters and a NUL. */
void work_random(char text[44]);
/* A token of 400 bytes of claims, signed with ES256 or RS256; its length. */
size_t work_sign(bool rsa, char *token, size_t size);

#endif
