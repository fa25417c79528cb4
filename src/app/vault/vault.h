/* The program kizuki-vault: sealed segments from one Kizuki (the first) to another (the vault).
 *
 *   kizuki-vault --offer --data DIR --fd N…       on the first: answers enrolled vaults on inherited listening sockets
 *   kizuki-vault --pull --data DIR [--every-ms N] [--silent-s N] [--stale-s N]
 *                                                 on the vault: pulls from every first it is enrolled with
 *   kizuki-vault --code NAME --data DIR           on the first: prints a code with which one vault may be enrolled
 *   kizuki-vault --enrol NAME --at HOST:PORT --data DIR CODE     on the vault
 *   kizuki-vault --drop NAME | --list --data DIR
 *
 * A program of its own on both sides. On the first it reads what is sealed and may write nothing of it: whoever takes it
 * over has no key of the seals and no log that was not to be lent anyway. On the vault it is the only one that talks with
 * the first, and what it writes is a folder of its own (DATA/vault/NAME, laid out like a data folder). The first is
 * believed nothing: what it sends is checked against what is here, and it has no word with which to ask for less. */
#pragma once
#include "app/vault/enrol.h"
#include "app/vault/tls.h"

/* offer.c; until SIGTERM. */
int vault_offer(const char *data, const struct tls_own *own, const struct sign_public *seals, const int *fds, size_t n_fds);

/* pull.c */
struct pull_options {
    const char *data;
    int64_t every_ms, silent_s, stale_s;
};
int vault_pull(const struct pull_options *o, const struct tls_own *own); /* until SIGTERM */
int vault_enrol(const char *data, const struct tls_own *own, const char *name, const char *at, const char *code,
                struct diag *reterr) MUST_USE;
/* A connected socket to HOST:PORT. */
int vault_connect(const char *at, struct diag *reterr) MUST_USE;
