/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-gate.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "core/orf-fd.h"
#include "orf-error.h"
#include "transport/orf-session-table.h"
#include "transport/orf-token-file.h"

/* 256 bits: not to be guessed, and no need to count attempts. */
#define TOKEN_BYTES 32
#define TOKEN_CHARS (2 * TOKEN_BYTES)

struct _OrfGate {
  const OrfConfig *config;
  char *cookie_path;
  char token[TOKEN_CHARS + 1];
  OrfTokenFile *tokens; /* NULL: no file is configured */
  OrfSessionTable *sessions;
  OrfGateWitness witness; /* NULL: nobody */
  gpointer witness_data;
};

static gboolean
set_errno_error (const char *what, const char *path, int code, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "cannot %s the cookie file %s: %s",
               what, path, g_strerror (code));
  return FALSE;
}

/* By rename, so that nobody ever reads half a token, and a link or a file of another's that lies
 * there is replaced, not written through.  So is what a start that was killed left behind. */
static gboolean
write_cookie (const OrfGate *gate, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (gate->cookie_path);
  g_autofree char *temporary = g_strconcat (gate->cookie_path, ".new", NULL);
  g_autofree char *line = g_strconcat (gate->token, "\n", NULL);
  gboolean written;
  int fd;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    return set_errno_error ("make the folder of", gate->cookie_path, errno, error);
  if (g_unlink (temporary) != 0 && errno != ENOENT)
    return set_errno_error ("replace", temporary, errno, error);
  fd = g_open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return set_errno_error ("write", gate->cookie_path, errno, error);
  written = orf_fd_write_all (fd, line, strlen (line));
  if (!written)
    set_errno_error ("write", gate->cookie_path, errno, error);
  close (fd);
  if (written && g_rename (temporary, gate->cookie_path) == 0)
    return TRUE;
  if (written)
    set_errno_error ("write", gate->cookie_path, errno, error);
  g_unlink (temporary);
  return FALSE;
}

gboolean
orf_gate_reload (OrfGate *gate, GError **error)
{
  const char *path = gate->config->auth.token_file;
  OrfTokenFile *fresh = NULL;

  if (path[0] != '\0') {
    fresh = orf_token_file_load (path, error);
    if (fresh == NULL)
      return FALSE;
  }
  orf_token_file_free (gate->tokens);
  gate->tokens = fresh;
  return TRUE;
}

guint
orf_gate_get_n_tokens (const OrfGate *gate)
{
  return gate->tokens != NULL ? orf_token_file_get_n_tokens (gate->tokens) : 0;
}

OrfGate *
orf_gate_new (const OrfConfig *config, const char *cookie_path, GError **error)
{
  g_autoptr (OrfGate) gate = g_new0 (OrfGate, 1);
  guchar secret[TOKEN_BYTES];

  if (sodium_init () < 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "libsodium does not start");
    return NULL;
  }
  gate->config = config;
  gate->sessions = orf_session_table_new ();
  if (!orf_gate_reload (gate, error))
    return NULL;
  randombytes_buf (secret, sizeof secret);
  sodium_bin2hex (gate->token, sizeof gate->token, secret, sizeof secret);
  sodium_memzero (secret, sizeof secret);
  gate->cookie_path = g_strdup (cookie_path);
  if (!write_cookie (gate, error)) {
    g_clear_pointer (&gate->cookie_path, g_free); /* what lies there is not ours */
    return NULL;
  }
  return g_steal_pointer (&gate);
}

static gboolean
is_our_token (const OrfGate *gate, const char *token)
{
  /* the length is no secret */
  return strlen (token) == TOKEN_CHARS && sodium_memcmp (token, gate->token, TOKEN_CHARS) == 0;
}

static gboolean
cookie_is_ours (const OrfGate *gate)
{
  g_autofree char *text = NULL;

  /* whoever replaced it by something unreadable owns it now */
  return g_file_get_contents (gate->cookie_path, &text, NULL, NULL) &&
         is_our_token (gate, g_strchomp (text));
}

void
orf_gate_free (OrfGate *gate)
{
  if (gate == NULL)
    return;
  if (gate->cookie_path != NULL && cookie_is_ours (gate))
    g_unlink (gate->cookie_path);
  g_free (gate->cookie_path);
  sodium_memzero (gate->token, sizeof gate->token);
  orf_token_file_free (gate->tokens);
  orf_session_table_free (gate->sessions);
  g_free (gate);
}

/* ---- who it is ------------------------------------------------------------------------------- */

static OrfSessionLimits
get_limits (const OrfGate *gate)
{
  return (OrfSessionLimits){ (guint) gate->config->auth.max_sessions,
                             gate->config->auth.session_idle_us, gate->config->auth.session_us };
}

static const OrfIdentity loopback_identity = { .role = ORF_ROLE_OPERATE, .actor = "loopback" };

static gboolean
lets_in_without_token (const OrfGate *gate, gboolean loopback)
{
  return loopback && !gate->config->auth.require;
}

static OrfIdentity
identify_token (const OrfToken *token)
{
  OrfIdentity identity = { token->role, token->actor, { .kind = ORF_GRANT_TOKEN } };

  memcpy (identity.grant.hash, token->hash, sizeof token->hash);
  return identity;
}

/* FALSE: it was taken out of the file, or has expired. */
static gboolean
identify_hash (OrfGate *gate, const guint8 hash[ORF_TOKEN_HASH_BYTES], OrfIdentity *identity)
{
  const OrfToken *token = gate->tokens != NULL
                            ? orf_token_file_find_hash (gate->tokens, hash, orf_clock_now_us ())
                            : NULL;

  if (token != NULL)
    *identity = identify_token (token);
  return token != NULL;
}

/* Whom a token stands for, and what a session of his is opened with. */
static gboolean
identify (OrfGate *gate, const char *text, OrfIdentity *identity, OrfSessionOwner *owner)
{
  const OrfToken *token = NULL;

  /* both are looked at, whichever it is */
  if (gate->tokens != NULL)
    token = orf_token_file_find (gate->tokens, text, orf_clock_now_us ());
  if (is_our_token (gate, text)) {
    *identity = (OrfIdentity){ .role = ORF_ROLE_ADMIN, .actor = "cookie" };
    *owner = (OrfSessionOwner){ .kind = ORF_SESSION_COOKIE };
    return TRUE;
  }
  if (token == NULL)
    return FALSE;
  *identity = identify_token (token);
  *owner = (OrfSessionOwner){ .kind = ORF_SESSION_TOKEN };
  memcpy (owner->token_hash, token->hash, sizeof token->hash);
  return TRUE;
}

/* The same words for what never was a token and for one that expired or was taken away. */
static gboolean
refuse_token (GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED,
               "the token is wrong, has expired, or is a cookie file's of an earlier start");
  return FALSE;
}

/* loopback: where it is used from, which is all that the page's own is good for. */
static gboolean
resume (OrfGate *gate,
        const guint8 id_hash[ORF_TOKEN_HASH_BYTES],
        gboolean loopback,
        OrfIdentity *identity)
{
  const OrfSessionLimits limits = get_limits (gate);
  const OrfSessionOwner *owner = orf_session_table_find_hash (gate->sessions, id_hash, &limits,
                                                              orf_clock_monotonic_us ());

  if (owner == NULL)
    return FALSE;
  switch (owner->kind) {
  case ORF_SESSION_LOOPBACK:
    *identity = loopback_identity;
    return lets_in_without_token (gate, loopback);
  case ORF_SESSION_COOKIE:
    *identity = (OrfIdentity){ .role = ORF_ROLE_ADMIN, .actor = "cookie" };
    break;
  case ORF_SESSION_TOKEN:
  default:
    if (!identify_hash (gate, owner->token_hash, identity))
      return FALSE;
  }
  identity->grant.kind = ORF_GRANT_SESSION;
  memcpy (identity->grant.hash, id_hash, sizeof identity->grant.hash);
  return TRUE;
}

static gboolean
resume_shown (OrfGate *gate, const OrfCredentials *credentials, OrfIdentity *identity)
{
  guint8 hash[ORF_TOKEN_HASH_BYTES];

  if (credentials->session == NULL)
    return FALSE;
  orf_token_hash (credentials->session, hash);
  return resume (gate, hash, credentials->loopback, identity);
}

gboolean
orf_gate_admit (OrfGate *gate,
                const OrfCredentials *credentials,
                OrfIdentity *identity,
                GError **error)
{
  OrfIdentity found;
  OrfSessionOwner owner;

  if (credentials->bearer != NULL) {
    if (!identify (gate, credentials->bearer, &found, &owner))
      return refuse_token (error);
  } else if (!resume_shown (gate, credentials, &found)) {
    if (!lets_in_without_token (gate, credentials->loopback)) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED,
                   "a token is asked for here: Authorization: Bearer, with one of "
                   "auth.token_file's or what the cookie file holds");
      return FALSE;
    }
    found = loopback_identity;
  }
  *identity = found;
  return TRUE;
}

gboolean
orf_gate_still_admits (OrfGate *gate, const OrfIdentity *identity)
{
  OrfIdentity now;

  switch (identity->grant.kind) {
  case ORF_GRANT_TOKEN:
    if (!identify_hash (gate, identity->grant.hash, &now))
      return FALSE;
    break;
  case ORF_GRANT_SESSION:
    if (!resume (gate, identity->grant.hash, FALSE, &now))
      return FALSE;
    break;
  case ORF_GRANT_LASTING:
  default:
    return TRUE;
  }
  return now.role == identity->role && g_str_equal (now.actor, identity->actor);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static char *
open_session (OrfGate *gate, const OrfSessionOwner *owner)
{
  const OrfSessionLimits limits = get_limits (gate);

  return orf_session_table_open (gate->sessions, owner, &limits, orf_clock_monotonic_us ());
}

char *
orf_gate_open_page_session (OrfGate *gate, const OrfCredentials *credentials)
{
  const OrfSessionOwner owner = { .kind = ORF_SESSION_LOOPBACK };
  OrfIdentity identity;

  if (credentials->bearer != NULL || !lets_in_without_token (gate, credentials->loopback) ||
      resume_shown (gate, credentials, &identity))
    return NULL;
  return open_session (gate, &owner);
}

void
orf_gate_set_witness (OrfGate *gate, OrfGateWitness witness, gpointer user_data)
{
  gate->witness = witness;
  gate->witness_data = user_data;
}

static void
tell (OrfGate *gate, OrfGateEvent event, const char *actor, const char *address)
{
  if (gate->witness != NULL)
    gate->witness (gate->witness_data, event, actor, address);
}

char *
orf_gate_log_in (OrfGate *gate, const char *token, const char *address, GError **error)
{
  OrfIdentity identity;
  OrfSessionOwner owner;

  if (!identify (gate, token, &identity, &owner)) {
    tell (gate, ORF_GATE_LOGIN_REFUSED, "", address);
    refuse_token (error);
    return NULL;
  }
  tell (gate, ORF_GATE_LOGIN, identity.actor, address);
  return open_session (gate, &owner);
}

gboolean
orf_gate_log_out (OrfGate *gate, const OrfCredentials *credentials, const char *address)
{
  OrfIdentity identity;
  gboolean known = resume_shown (gate, credentials, &identity);

  if (credentials->session == NULL ||
      !orf_session_table_close (gate->sessions, credentials->session))
    return FALSE;
  if (known)
    tell (gate, ORF_GATE_LOGOUT, identity.actor, address);
  return TRUE;
}
