/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens are made and listed here, beside the file, and not by the daemon: it never has to hold
 * one, nor be allowed to write who may get in. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orf-error.h"
#include "orf-json.h"
#include "orf-schema-methods.h"
#include "orf-token.h"

#include "orf-ctl-table.h"
#include "orf-ctl-time.h"
#include "orf-ctl.h"

/* Of what the daemon would take. */
#define MAX_NAME_CHARS 64
#define MAX_FILE_BYTES 524288

typedef struct {
  const char *name;
  char *roles;   /* joined by ; */
  char *expires; /* RFC 3339; NULL: never */
  char *token;
  char *hash; /* as the file has it */
} NewToken;

static void
new_token_clear (NewToken *token)
{
  g_free (token->roles);
  g_free (token->expires);
  g_free (token->token);
  g_free (token->hash);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (NewToken, new_token_clear)

static OrfCtlExit
refuse_usage (GError **error, const char *what)
{
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, what);
  return ORF_CTL_USAGE;
}

static OrfCtlExit
refuse_file (GError **error, const char *path, const char *why)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "%s: %s", path, why);
  return ORF_CTL_SERVER_ERROR;
}

/* ---- token new ------------------------------------------------------------------------------- */

static gboolean
is_name (const char *name)
{
  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("-_.@", *c) == NULL)
      return FALSE;
  return name[0] != '\0' && strlen (name) <= MAX_NAME_CHARS;
}

/* NULL: one of them is none. */
static char *
join_roles (const char *text)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);
  OrfRole role;

  for (guint i = 0; names[i] != NULL; i++)
    if (!orf_role_from_string (g_strstrip (names[i]), &role))
      return NULL;
  return names[0] != NULL ? g_strjoinv (";", names) : NULL;
}

static gboolean
set_expiry (NewToken *token, const char *text, GError **error)
{
  g_autoptr (GDateTime) end = NULL;
  gint64 duration_us;

  if (text == NULL)
    return TRUE;
  if (!orf_ctl_parse_duration (text, &duration_us, error)) {
    g_prefix_error (error, "--expires: ");
    return FALSE;
  }
  end = g_date_time_new_from_unix_utc ((g_get_real_time () + duration_us) / G_USEC_PER_SEC);
  if (end == NULL) {
    refuse_usage (error, "--expires: that is further away than a calendar goes");
    return FALSE;
  }
  token->expires = g_date_time_format (end, "%Y-%m-%dT%H:%M:%SZ");
  return TRUE;
}

static OrfCtlExit
make_token (const OrfCtlOptions *options, NewToken *token, GError **error)
{
  const char *roles = orf_ctl_options_get (options, "role");
  guint8 hash[ORF_TOKEN_HASH_BYTES];

  token->name = orf_ctl_options_get (options, "name");
  if (token->name == NULL || roles == NULL)
    return refuse_usage (error, "a token has a --name and at least one --role");
  if (!is_name (token->name))
    return refuse_usage (error, "--name: 1 to 64 letters, digits, and - _ . @");
  token->roles = join_roles (roles);
  if (token->roles == NULL)
    return refuse_usage (error, "--role: read, ingest, operate and admin, joined by commas");
  if (!set_expiry (token, orf_ctl_options_get (options, "expires"), error))
    return ORF_CTL_USAGE;
  token->token = orf_token_new ();
  orf_token_hash (token->token, hash);
  token->hash = orf_token_hash_to_text (hash);
  return ORF_CTL_DONE;
}

static char *
make_section (const NewToken *token)
{
  g_autofree char *expires = token->expires != NULL
                               ? g_strconcat ("expires=", token->expires, "\n", NULL)
                               : g_strdup ("");

  return g_strdup_printf ("[%s]\nhash=%s\nroles=%s\n%s", token->name, token->hash, token->roles,
                          expires);
}

static gboolean
read_all (int fd, GString *text)
{
  char buffer[4096];
  gssize n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0 && text->len <= MAX_FILE_BYTES)
    g_string_append_len (text, buffer, n);
  return n >= 0 && text->len <= MAX_FILE_BYTES;
}

/* A section that is cut would have the daemon refuse all others. */
static gboolean
append_whole (int fd, gint64 before_bytes, const char *text)
{
  gssize length = (gssize) strlen (text);

  if (write (fd, text, (gsize) length) == length && fsync (fd) == 0)
    return TRUE;
  /* where that fails too, what is there is told of by the daemon */
  (void) !ftruncate (fd, before_bytes);
  return FALSE;
}

static OrfCtlExit
append_section (
  int fd, const char *path, const NewToken *token, const char *section, GError **error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) fault = NULL;
  g_autoptr (GString) before = g_string_new (NULL);
  g_autofree char *addition = NULL;
  struct stat state;

  /* one at a time, or two may take the same name */
  if (flock (fd, LOCK_EX) != 0 || fstat (fd, &state) != 0 || !read_all (fd, before))
    return refuse_file (error, path, "cannot be read");
  if ((state.st_mode & 037) != 0)
    return refuse_file (error, path, "others may read or change it: chmod 600");
  if (!g_key_file_load_from_data (keys, before->str, before->len, G_KEY_FILE_NONE, &fault))
    return refuse_file (error, path, fault->message);
  if (g_key_file_has_group (keys, token->name))
    return refuse_file (error, path, "it has a token of that name; take its section out first");
  addition = g_strconcat (before->len > 0 && before->str[before->len - 1] != '\n' ? "\n" : "",
                          before->len > 0 ? "\n" : "", section, NULL);
  if (!append_whole (fd, (gint64) before->len, addition))
    return refuse_file (error, path, "cannot be written");
  return ORF_CTL_DONE;
}

static OrfCtlExit
add_to_file (const char *path, const NewToken *token, const char *section, GError **error)
{
  /* in place, so that the file stays its owner's */
  int fd = open (path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  OrfCtlExit verdict;

  if (fd < 0)
    return refuse_file (error, path, g_strerror (errno));
  verdict = append_section (fd, path, token, section, error);
  close (fd);
  return verdict;
}

static void
show_token (OrfCtl *ctl, const NewToken *token, const char *section, gboolean added)
{
  g_autoptr (json_t) json = NULL;
  g_autofree char *text = NULL;

  if (orf_ctl_wants_json (ctl)) {
    json = json_pack ("{s:s, s:s, s:s, s:s, s:s?}", "name", token->name, "token", token->token,
                      "hash", token->hash, "roles", token->roles, "expires", token->expires);
    text = orf_json_dump (json);
    orf_ctl_print_line (text);
    return;
  }
  orf_ctl_print_line (token->token);
  if (added)
    return;
  orf_ctl_print_line ("");
  orf_ctl_print (section);
}

OrfCtlExit
orf_ctl_verb_token_new (OrfCtl *ctl, GError **error)
{
  const char *path = orf_ctl_options_get (orf_ctl_get_options (ctl), "file");
  g_auto (NewToken) token = { 0 };
  g_autofree char *section = NULL;
  OrfCtlExit verdict;

  if (sodium_init () < 0)
    return refuse_file (error, "libsodium", "does not start");
  verdict = make_token (orf_ctl_get_options (ctl), &token, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  section = make_section (&token);
  if (path != NULL)
    verdict = add_to_file (path, &token, section, error);
  if (verdict == ORF_CTL_DONE)
    show_token (ctl, &token, section, path != NULL);
  return verdict;
}

/* ---- token list ------------------------------------------------------------------------------ */

static gboolean
is_over (const char *expires)
{
  g_autoptr (GDateTime) end = expires != NULL ? g_date_time_new_from_iso8601 (expires, NULL) : NULL;

  return end != NULL && g_date_time_to_unix (end) <= g_get_real_time () / G_USEC_PER_SEC;
}

static json_t *
describe (GKeyFile *keys, const char *name)
{
  g_autofree char *roles = g_key_file_get_string (keys, name, "roles", NULL);
  g_autofree char *expires = g_key_file_get_string (keys, name, "expires", NULL);

  return json_pack ("{s:s, s:s, s:s?, s:b}", "name", name, "roles", roles != NULL ? roles : "",
                    "expires", expires, "expired", is_over (expires));
}

static void
show_list (OrfCtl *ctl, const json_t *list)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));
  g_autoptr (GString) out = g_string_new (NULL);
  gsize i;
  json_t *row;

  orf_ctl_table_add_column (table, "NAME", 0);
  orf_ctl_table_add_column (table, "ROLES", 0);
  orf_ctl_table_add_column (table, "EXPIRES", 0);
  orf_ctl_table_add_column (table, "STATE", 0);
  json_array_foreach (list, i, row)
  {
    gboolean expired = json_is_true (json_object_get (row, "expired"));
    OrfCtlStyle style = expired ? ORF_CTL_FAINT : ORF_CTL_PLAIN;
    const char *expires = json_string_value (json_object_get (row, "expires"));

    orf_ctl_table_add (table, style, json_string_value (json_object_get (row, "name")));
    orf_ctl_table_add (table, style, json_string_value (json_object_get (row, "roles")));
    orf_ctl_table_add (table, style, expires != NULL ? expires : "never");
    orf_ctl_table_add (table, style, expired ? "expired" : "valid");
  }
  orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
}

OrfCtlExit
orf_ctl_verb_token_list (OrfCtl *ctl, GError **error)
{
  const char *path = orf_ctl_options_get (orf_ctl_get_options (ctl), "file");
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) fault = NULL;
  g_autoptr (json_t) list = json_array ();
  g_auto (GStrv) names = NULL;
  g_autofree char *text = NULL;

  if (path == NULL)
    return refuse_usage (error, "which --file?");
  if (!g_key_file_load_from_file (keys, path, G_KEY_FILE_NONE, &fault))
    return refuse_file (error, path, fault->message);
  names = g_key_file_get_groups (keys, NULL);
  for (guint i = 0; names[i] != NULL; i++)
    json_array_append_new (list, describe (keys, names[i]));
  if (orf_ctl_wants_json (ctl)) {
    text = orf_json_dump (list);
    orf_ctl_print_line (text);
  } else {
    show_list (ctl, list);
  }
  return ORF_CTL_DONE;
}
