/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-drm-clients.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "probe/orf-drm-fdinfo.h"

/* Where the files of GPUs are; a descriptor that points elsewhere is not looked at. */
#define DRI_DIRECTORY "/dev/dri/"
/* Beyond any fdinfo there is; what is longer is cut. */
#define MAX_TEXT 16384

struct _OrfDrmClients {
  char *proc; /* ROOT/proc */
  gint64 scan_us;
  gint64 scanned_us; /* 0: not yet */
  GArray *pids;      /* gint64, rising: those that had a GPU open */
  GPtrArray *uses;   /* OrfDrmUse */
  GHashTable *seen;  /* "pdev/id" of this look: one client may have descriptors in many processes */
  gboolean complete;
};

static void
use_free (gpointer data)
{
  OrfDrmUse *use = data;

  g_free (use->pdev);
  g_free (use->name);
  g_free (use);
}

OrfDrmClients *
orf_drm_clients_new (const char *root, gint64 scan_us)
{
  OrfDrmClients *clients = g_new0 (OrfDrmClients, 1);

  clients->proc = g_build_filename (root, "proc", NULL);
  clients->scan_us = scan_us;
  clients->pids = g_array_new (FALSE, FALSE, sizeof (gint64));
  clients->uses = g_ptr_array_new_with_free_func (use_free);
  /* The keys are the kernel's own, so that nobody outside can make them collide. */
  clients->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return clients;
}

void
orf_drm_clients_free (OrfDrmClients *clients)
{
  if (!clients)
    return;

  g_free (clients->proc);
  g_array_unref (clients->pids);
  g_ptr_array_unref (clients->uses);
  g_hash_table_unref (clients->seen);
  g_free (clients);
}

static char *
dup_path (OrfDrmClients *clients, gint64 pid, const char *file)
{
  return g_strdup_printf ("%s/%" G_GINT64_FORMAT "/%s", clients->proc, pid, file);
}

/* All numbers that name something in a directory, rising. */
static GArray *
list_numbers (const char *path, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, error);
  GArray *numbers = NULL;
  gint64 number;

  if (!dir)
    return NULL;
  numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (const char *name; (name = g_dir_read_name (dir));) {
    if (g_ascii_string_to_signed (name, 10, 0, G_MAXINT32, &number, NULL))
      g_array_append_val (numbers, number);
  }
  return numbers;
}

static gint
compare_numbers (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a;
  gint64 right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

static gboolean
is_gpu_file (const char *directory, gint64 fd)
{
  char target[64] = { 0 }; /* longer ones are no GPU's */
  g_autofree char *path = g_strdup_printf ("%s/%" G_GINT64_FORMAT, directory, fd);
  gssize length = readlink (path, target, sizeof target - 1);

  return length > 0 && strncmp (target, DRI_DIRECTORY, strlen (DRI_DIRECTORY)) == 0;
}

static gboolean
read_client (OrfDrmClients *clients, gint64 pid, gint64 fd, OrfDrmClient *client)
{
  g_autofree char *file = g_strdup_printf ("fdinfo/%" G_GINT64_FORMAT, fd);
  g_autofree char *path = dup_path (clients, pid, file);
  char text[MAX_TEXT + 1];
  gssize length = -1;
  int from = open (path, O_RDONLY | O_CLOEXEC);

  if (from < 0)
    return FALSE;
  length = read (from, text, MAX_TEXT);
  close (from);
  if (length <= 0)
    return FALSE;

  text[length] = '\0';
  return orf_drm_fdinfo_parse (text, client);
}

static OrfDrmUse *
get_use (OrfDrmClients *clients, guint first, gint64 pid, const char *pdev)
{
  g_autofree char *path = NULL;
  OrfDrmUse *use = NULL;

  for (guint i = first; i < clients->uses->len; i++) {
    use = g_ptr_array_index (clients->uses, i);
    if (g_str_equal (use->pdev, pdev))
      return use;
  }

  use = g_new0 (OrfDrmUse, 1);
  use->pdev = g_strdup (pdev);
  use->pid = pid;
  path = dup_path (clients, pid, "comm");
  if (g_file_get_contents (path, &use->name, NULL, NULL)) {
    char *valid = g_utf8_make_valid (g_strstrip (use->name), -1);

    g_free (use->name);
    use->name = valid;
  }
  g_ptr_array_add (clients->uses, use);
  return use;
}

/* first: of this process' uses. */
static void
add_client (OrfDrmClients *clients, guint first, gint64 pid, const OrfDrmClient *client)
{
  gint64 vram_bytes = MAX (client->vram_bytes, 0);
  gint64 gtt_bytes = MAX (client->gtt_bytes, 0);
  OrfDrmUse *use = NULL;

  if (client->has_id &&
      !g_hash_table_add (clients->seen,
                         g_strdup_printf ("%s/%" G_GUINT64_FORMAT, client->pdev, client->id)))
    return;

  use = get_use (clients, first, pid, client->pdev);
  if (client->has_id) {
    use->vram_bytes += vram_bytes;
    use->gtt_bytes += gtt_bytes;
  } else {
    /* Which descriptors are of one client is not told, and most processes have one. */
    use->vram_bytes = MAX (use->vram_bytes, vram_bytes);
    use->gtt_bytes = MAX (use->gtt_bytes, gtt_bytes);
  }
}

/* FALSE: it has no GPU open, is gone, or may not be looked at. */
static gboolean
look_at (OrfDrmClients *clients, gint64 pid)
{
  g_autofree char *directory = dup_path (clients, pid, "fd");
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) fds = list_numbers (directory, &error);
  guint first = clients->uses->len;
  gboolean found = FALSE;

  if (!fds) {
    if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
        g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_PERM))
      clients->complete = FALSE;
    return FALSE;
  }

  for (guint i = 0; i < fds->len; i++) {
    gint64 fd = g_array_index (fds, gint64, i);
    OrfDrmClient client;

    if (!is_gpu_file (directory, fd))
      continue;
    found = TRUE;
    if (read_client (clients, pid, fd, &client))
      add_client (clients, first, pid, &client);
  }

  return found;
}

static void
forget_uses (OrfDrmClients *clients)
{
  g_ptr_array_set_size (clients->uses, 0);
  g_hash_table_remove_all (clients->seen);
}

static gboolean
look_at_all (OrfDrmClients *clients)
{
  g_autoptr (GArray) pids = list_numbers (clients->proc, NULL);

  if (!pids)
    return FALSE;

  forget_uses (clients);
  clients->complete = TRUE;
  g_array_sort (pids, compare_numbers);
  g_array_set_size (clients->pids, 0);
  for (guint i = 0; i < pids->len; i++) {
    gint64 pid = g_array_index (pids, gint64, i);

    if (look_at (clients, pid))
      g_array_append_val (clients->pids, pid);
  }
  return TRUE;
}

gboolean
orf_drm_clients_look (OrfDrmClients *clients, gint64 now_us)
{
  if (clients->scanned_us == 0 || now_us - clients->scanned_us >= clients->scan_us) {
    if (!look_at_all (clients))
      return FALSE;
    clients->scanned_us = now_us;
    return TRUE;
  }

  forget_uses (clients);
  for (guint i = 0; i < clients->pids->len; i++)
    look_at (clients, g_array_index (clients->pids, gint64, i));
  return TRUE;
}

GPtrArray *
orf_drm_clients_get_uses (OrfDrmClients *clients)
{
  return clients->uses;
}

gboolean
orf_drm_clients_is_complete (OrfDrmClients *clients)
{
  return clients->complete;
}
