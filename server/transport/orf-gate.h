/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "orf-schema-methods.h"
#include "orf-token.h"

G_BEGIN_DECLS

/*
 * Who gets in by HTTP, and as what: on loopback a caller without token has `operate`, unless [auth]
 * require asks one of everyone; the cookie file's token has `admin`, those of [auth] token_file
 * what the file says; a session has what it was opened with.  Anything else is UNAUTHENTICATED.
 */
typedef struct _OrfGate OrfGate;

/* What a caller shows. */
typedef struct {
  gboolean loopback;   /* where he calls from */
  const char *bearer;  /* NULL: no token came */
  const char *session; /* the cookie's value; NULL: none came */
} OrfCredentials;

/* By what he got in, for connections that outlive it. */
typedef struct {
  enum {
    ORF_GRANT_LASTING, /* it ends with us: the cookie file's token, loopback */
    ORF_GRANT_TOKEN,
    ORF_GRANT_SESSION,
  } kind;
  guint8 hash[ORF_TOKEN_HASH_BYTES]; /* of the token, or of the session's id */
} OrfGrant;

/* Whom the gate takes him for.  actor: for the audit; until the gate's next reload. */
typedef struct {
  OrfRole role;
  const char *actor; /* "loopback", "cookie", "token:NAME" */
  OrfGrant grant;
} OrfIdentity;

/* Writes a fresh random token to cookie_path (0600, by rename), and reads the token file.  config
 * is read at each call. */
OrfGate *orf_gate_new (const OrfConfig *config, const char *cookie_path, GError **error);
/* Removes the cookie file, if it still holds our token. */
void orf_gate_free (OrfGate *gate);
/* Reads config->auth.token_file again; where that fails the tokens stay as they were. */
gboolean orf_gate_reload (OrfGate *gate, GError **error);
guint orf_gate_get_n_tokens (const OrfGate *gate);

/* A token that is wrong, or no longer valid, is refused even where none is asked: who shows one
 * means to be more than anyone.  A session that is over counts as none. */
gboolean orf_gate_admit (OrfGate *gate,
                         const OrfCredentials *credentials,
                         OrfIdentity *identity,
                         GError **error);

/* What a gate tells of, for the audit. */
typedef enum {
  ORF_GATE_LOGIN,
  ORF_GATE_LOGIN_REFUSED, /* actor is "" */
  ORF_GATE_LOGOUT,
} OrfGateEvent;
/* address: of the other end. */
typedef void (*OrfGateWitness) (gpointer user_data,
                                OrfGateEvent event,
                                const char *actor,
                                const char *address);
void orf_gate_set_witness (OrfGate *gate, OrfGateWitness witness, gpointer user_data);

/* Whether who was admitted as that is still: a token may have been taken away or replaced, have
 * expired, or have another role now; a session may have ended, of which this is a use. */
gboolean orf_gate_still_admits (OrfGate *gate, const OrfIdentity *identity);

/* A session for the page of a caller who gets in without token and has no session yet: its id;
 * else NULL. */
char *orf_gate_open_page_session (OrfGate *gate, const OrfCredentials *credentials);
/* A session for who knows the token: its id.  address: where he calls from. */
char *orf_gate_log_in (OrfGate *gate, const char *token, const char *address, GError **error);
/* FALSE: there was no such session. */
gboolean orf_gate_log_out (OrfGate *gate, const OrfCredentials *credentials, const char *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfGate, orf_gate_free)

G_END_DECLS
