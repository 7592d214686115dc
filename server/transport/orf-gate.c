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

#include "orf-error.h"

/* 256 bits: not to be guessed, and no need to count attempts. */
#define TOKEN_BYTES 32
#define TOKEN_CHARS (2 * TOKEN_BYTES)

struct _OrfGate {
  const OrfConfig *config;
  char *cookie_path;
  char token[TOKEN_CHARS + 1];
};

static gboolean
set_errno_error (const char *what, const char *path, int code, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "cannot %s the cookie file %s: %s",
               what, path, g_strerror (code));
  return FALSE;
}

static gboolean
write_all (int fd, const char *text, gsize length)
{
  while (length > 0) {
    gssize n = write (fd, text, length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return FALSE;
    text += n;
    length -= (gsize) n;
  }
  return TRUE;
}

/* By rename, so that nobody ever reads half a token, and a link or a file of another's that lies
 * there is replaced, not written through. */
static gboolean
write_cookie (const OrfGate *gate, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (gate->cookie_path);
  g_autofree char *temporary = g_strconcat (gate->cookie_path, ".XXXXXX", NULL);
  g_autofree char *line = g_strconcat (gate->token, "\n", NULL);
  gboolean written;
  int fd;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    return set_errno_error ("make the folder of", gate->cookie_path, errno, error);
  fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    return set_errno_error ("write", gate->cookie_path, errno, error);
  written = write_all (fd, line, strlen (line));
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
  g_free (gate);
}

gboolean
orf_gate_admit (OrfGate *gate,
                gboolean loopback,
                const char *bearer,
                OrfRole *role,
                const char **actor,
                GError **error)
{
  if (bearer != NULL) {
    if (!is_our_token (gate, bearer)) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED,
                   "the token is wrong, or of an earlier start: it is new at each");
      return FALSE;
    }
    *role = ORF_ROLE_ADMIN;
    *actor = "cookie";
    return TRUE;
  }
  if (!loopback || gate->config->auth.require) {
    g_set_error (
      error, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED,
      "a token is asked for here: Authorization: Bearer, with what the cookie file holds");
    return FALSE;
  }
  *role = ORF_ROLE_OPERATE;
  *actor = "loopback";
  return TRUE;
}
