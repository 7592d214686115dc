/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-token-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orf-error.h"

/* Each is compared with at each call: a thousand take a few microseconds. */
#define MAX_TOKENS 1000
/* A section has about 150 bytes. */
#define MAX_FILE_BYTES 524288
/* It goes into the audit, and onto terminals. */
#define MAX_NAME_CHARS 64

struct _OrfTokenFile {
  GArray *tokens; /* OrfToken */
};

static void
clear_token (gpointer data)
{
  g_free (((OrfToken *) data)->actor);
}

void
orf_token_file_free (OrfTokenFile *file)
{
  if (file == NULL)
    return;
  g_array_unref (file->tokens);
  g_free (file);
}

guint
orf_token_file_get_n_tokens (const OrfTokenFile *file)
{
  return file->tokens->len;
}

/* ---- one section ----------------------------------------------------------------------------- */

static gboolean
refuse (GError **error, const char *group, const char *what)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "[%.*s] %s", MAX_NAME_CHARS, group,
               what);
  return FALSE;
}

static gboolean
check_name (const char *group, GError **error)
{
  gsize length = strlen (group);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (group[i]) && strchr ("-_.@", group[i]) == NULL)
      return refuse (error, group, "a token's name has letters, digits, and - _ . @ only");
  if (length > MAX_NAME_CHARS)
    return refuse (error, group, "a token's name has at most 64 characters");
  return TRUE;
}

/* A misspelt `expires` would make a token that never ends. */
static gboolean
check_keys (GKeyFile *keys, const char *group, GError **error)
{
  static const char *const known[] = { "hash", "roles", "expires", NULL };
  g_auto (GStrv) names = g_key_file_get_keys (keys, group, NULL, NULL);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (!g_strv_contains (known, names[i]))
      return refuse (error, group, "only hash, roles and expires are known");
  return TRUE;
}

static gboolean
read_roles (GKeyFile *keys, const char *group, OrfRole *roles, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_string_list (keys, group, "roles", NULL, NULL);
  OrfRole all = ORF_ROLE_NONE;

  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    OrfRole role;

    if (!orf_role_from_string (g_strstrip (names[i]), &role))
      return refuse (error, group, "roles: read, ingest, operate and admin are what there is");
    all |= role;
  }
  if (all == ORF_ROLE_NONE)
    return refuse (error, group, "roles is missing: read, ingest, operate, admin");
  *roles = all;
  return TRUE;
}

static gboolean
read_expiry (GKeyFile *keys, const char *group, gint64 *expires_us, GError **error)
{
  g_autofree char *text = g_key_file_get_string (keys, group, "expires", NULL);
  g_autoptr (GDateTime) time = NULL;

  if (text == NULL) {
    *expires_us = G_MAXINT64;
    return TRUE;
  }
  time = g_date_time_new_from_iso8601 (g_strstrip (text), NULL);
  if (time == NULL)
    return refuse (error, group, "expires is no time such as 2027-01-01T00:00:00Z");
  *expires_us = g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time);
  return TRUE;
}

static gboolean
is_known (const OrfTokenFile *file, const OrfToken *token)
{
  for (guint i = 0; i < file->tokens->len; i++)
    if (memcmp (g_array_index (file->tokens, OrfToken, i).hash, token->hash, sizeof token->hash) ==
        0)
      return TRUE;
  return FALSE;
}

static gboolean
read_token (OrfTokenFile *file, GKeyFile *keys, const char *group, GError **error)
{
  g_autofree char *hash = g_key_file_get_string (keys, group, "hash", NULL);
  OrfToken token = { 0 };

  if (!check_name (group, error) || !check_keys (keys, group, error))
    return FALSE;
  if (hash == NULL || !orf_token_hash_from_text (g_strstrip (hash), token.hash))
    return refuse (error, group, "hash is not blake2b: and 64 hex digits");
  if (is_known (file, &token))
    return refuse (error, group, "the same hash stands twice");
  if (!read_roles (keys, group, &token.role, error) ||
      !read_expiry (keys, group, &token.expires_us, error))
    return FALSE;
  token.actor = g_strconcat (ORF_TOKEN_ACTOR_PREFIX, group, NULL);
  g_array_append_val (file->tokens, token);
  return TRUE;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* GKeyFile makes one group of two with the same name, and one token would be lost unseen. */
static guint
count_headers (const char *text)
{
  guint count = 0;

  for (const char *line = text; line != NULL; line = strchr (line, '\n')) {
    line += strspn (line, " \t\r\n");
    count += *line == '[';
  }
  return count;
}

static gboolean
read_sections (OrfTokenFile *file, const char *text, gsize length, GError **error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) fault = NULL;
  g_auto (GStrv) groups = NULL;
  gsize n_groups;

  if (!g_key_file_load_from_data (keys, text, length, G_KEY_FILE_NONE, &fault)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, fault->message);
    return FALSE;
  }
  groups = g_key_file_get_groups (keys, &n_groups);
  if (n_groups != count_headers (text)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "a name stands twice");
    return FALSE;
  }
  if (n_groups > MAX_TOKENS) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "more than %d tokens", MAX_TOKENS);
    return FALSE;
  }
  for (gsize i = 0; i < n_groups; i++)
    if (!read_token (file, keys, groups[i], error))
      return FALSE;
  return TRUE;
}

/* Who can write it lets himself in; who can read it learns whom to become.  Of a file of root's,
 * which the daemon cannot change, its group may read. */
static gboolean
check_owner (int fd, GError **error)
{
  struct stat state;
  mode_t allowed;

  if (fstat (fd, &state) != 0 || !S_ISREG (state.st_mode)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "not a file");
    return FALSE;
  }
  if (state.st_uid != geteuid () && state.st_uid != 0) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                         "it belongs to another user than the daemon's or root");
    return FALSE;
  }
  allowed = state.st_uid == geteuid () ? 0700 : 0740;
  if ((state.st_mode & 0777 & ~allowed) != 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "others may read or change it (mode %04o): chmod 600",
                 (guint) (state.st_mode & 07777));
    return FALSE;
  }
  return TRUE;
}

/* NULL: with errno's words, or those of a bound. */
static char *
read_bounded (int fd, gsize *length, GError **error)
{
  g_autofree char *text = g_malloc (MAX_FILE_BYTES + 2);
  gsize n = 0;

  while (n <= MAX_FILE_BYTES) {
    gssize got = read (fd, text + n, MAX_FILE_BYTES + 1 - n);

    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      g_set_error_literal (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, g_strerror (errno));
      return NULL;
    }
    if (got == 0)
      break;
    n += (gsize) got;
  }
  text[n] = '\0';
  if (n > MAX_FILE_BYTES || strlen (text) != n) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "no key file of at most %d bytes",
                 MAX_FILE_BYTES);
    return NULL;
  }
  *length = n;
  return g_steal_pointer (&text);
}

static gboolean
load (OrfTokenFile *file, int fd, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (!check_owner (fd, error))
    return FALSE;
  text = read_bounded (fd, &length, error);
  return text != NULL && read_sections (file, text, length, error);
}

OrfTokenFile *
orf_token_file_load (const char *path, GError **error)
{
  g_autoptr (OrfTokenFile) file = g_new0 (OrfTokenFile, 1);
  /* non-blocking: a pipe that lies there must not stop the daemon */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gboolean loaded;

  file->tokens = g_array_new (FALSE, FALSE, sizeof (OrfToken));
  g_array_set_clear_func (file->tokens, clear_token);
  if (fd < 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "auth.token_file %s: %s", path,
                 g_strerror (errno));
    return NULL;
  }
  loaded = load (file, fd, error);
  close (fd);
  if (loaded)
    return g_steal_pointer (&file);
  g_prefix_error (error, "auth.token_file %s: ", path);
  return NULL;
}

/* ---- finding --------------------------------------------------------------------------------- */

static const OrfToken *
unless_expired (const OrfToken *token, gint64 now_us)
{
  return token != NULL && now_us < token->expires_us ? token : NULL;
}

const OrfToken *
orf_token_file_find (const OrfTokenFile *file, const char *text, gint64 now_us)
{
  guint8 hash[ORF_TOKEN_HASH_BYTES];
  const OrfToken *found = NULL;

  orf_token_hash (text, hash);
  for (guint i = 0; i < file->tokens->len; i++) {
    const OrfToken *token = &g_array_index (file->tokens, OrfToken, i);

    /* constant time, and ten times as quick as sodium_memcmp() */
    found = crypto_verify_32 (token->hash, hash) == 0 ? token : found;
  }
  return unless_expired (found, now_us);
}

const OrfToken *
orf_token_file_find_hash (const OrfTokenFile *file,
                          const guint8 hash[ORF_TOKEN_HASH_BYTES],
                          gint64 now_us)
{
  /* who comes with a hash has shown the token before: nothing is given away by being quick */
  for (guint i = 0; i < file->tokens->len; i++) {
    const OrfToken *token = &g_array_index (file->tokens, OrfToken, i);

    if (memcmp (token->hash, hash, ORF_TOKEN_HASH_BYTES) == 0)
      return unless_expired (token, now_us);
  }
  return NULL;
}
