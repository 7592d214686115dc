/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orf-error.h"
#include "store/orf-store-error.h"
#include "store/orf-store-migrate.h"
#include "store/orf-store-upgrade.h"

/* A WAL that a long reader made grow is cut to this at the next restart.
 * The cache holds what one transaction of spans dirties: with 1 MiB it spilled, and wrote a fifth
 * more. */
#define WRITER_PRAGMAS                                                                             \
  "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = "         \
  "16777216;"                                                                                      \
  "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;"              \
  "PRAGMA secure_delete = OFF"
#define READER_PRAGMAS                                                                             \
  "PRAGMA cache_size = -512; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON"

/* Ours, or empty. */
static gboolean
check_identity (OrfConnection *connection, GError **error)
{
  const char *path = orf_connection_get_path (connection);
  gint64 application_id, version, n_objects;
  guint latest = orf_migrations_get_latest ();

  /* The count reads the schema's pages, so that damage there is met now and not by a writer. */
  if (!orf_connection_get_int64 (connection, "SELECT count(*) FROM sqlite_schema", &n_objects,
                                 error) ||
      !orf_connection_get_int64 (connection, "PRAGMA application_id", &application_id, error) ||
      !orf_connection_get_int64 (connection, "PRAGMA user_version", &version, error))
    return FALSE;
  if (application_id != ORF_STORE_APPLICATION_ID &&
      (application_id != 0 || version != 0 || n_objects != 0)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "%s is a database of another program (application_id 0x%" G_GINT64_MODIFIER
                 "x, ours is 0x%x)",
                 path, application_id, ORF_STORE_APPLICATION_ID);
    return FALSE;
  }
  if (version < 0 || version > latest) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "%s has version %" G_GINT64_FORMAT
                 ", and this program knows versions up to %u: use a newer one",
                 path, version, latest);
    return FALSE;
  }
  return TRUE;
}

/* Whether there are pages that only the WAL has. */
static gboolean
has_wal (const char *path)
{
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);
  struct stat state;

  return stat (wal, &state) == 0 && state.st_size > 0;
}

gboolean
orf_store_open_look (const char *path, GError **error)
{
  g_autoptr (OrfConnection) connection = NULL;
  struct stat state;

  if (stat (path, &state) != 0)
    return orf_store_error_set_io ("look at", path, error);
  if (state.st_size == 0)
    return TRUE;
  /* Immutable leaves nothing beside the file; with pages in the WAL it would see the wrong ones. */
  connection = orf_connection_open (path,
                                    has_wal (path) ? ORF_CONNECTION_READ : ORF_CONNECTION_IMMUTABLE,
                                    error);
  return connection != NULL && check_identity (connection, error);
}

/* An empty file with the mode that WAL and shm will take from it: the group may read.  By hand only
 * where there is none: closing a descriptor of a database drops the locks that SQLite has on it. */
gboolean
orf_store_open_make (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd, directory_fd;

  if (g_mkdir_with_parents (directory, 0750) != 0)
    return orf_store_error_set_io ("make", directory, error);
  fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (fd < 0)
    return errno == EEXIST ? TRUE : orf_store_error_set_io ("make", path, error);
  close (fd);
  /* The name itself is to survive a power cut; where a directory cannot be synced (some network
   * file systems) the file is none the worse. */
  directory_fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_fd >= 0) {
    if (fsync (directory_fd) != 0)
      g_debug ("%s: %s", directory, g_strerror (errno));
    close (directory_fd);
  }
  return TRUE;
}

OrfConnection *
orf_store_open_again (const char *path, GError **error)
{
  g_autoptr (OrfConnection) connection = orf_connection_open (path, ORF_CONNECTION_WRITE, error);
  int persist = 1;

  if (connection == NULL || !check_identity (connection, error))
    return NULL;
  /* A reader of another uid cannot make the WAL, so it stays when we close. */
  sqlite3_file_control (orf_connection_get_db (connection), "main", SQLITE_FCNTL_PERSIST_WAL,
                        &persist);
  /* auto_vacuum counts only before the first table. */
  if (!orf_connection_exec (connection, "PRAGMA auto_vacuum = INCREMENTAL", error) ||
      !orf_connection_exec (connection, WRITER_PRAGMAS, error))
    return NULL;
  return g_steal_pointer (&connection);
}

OrfConnection *
orf_store_open_writer (const char *path, gint64 min_free_bytes, GError **error)
{
  g_autoptr (GPtrArray) steps = orf_migrations_load (error);
  g_autoptr (OrfConnection) connection = NULL;

  if (steps == NULL)
    return NULL;
  connection = orf_store_open_again (path, error);
  if (connection == NULL || !orf_store_upgrade (connection, steps, min_free_bytes, error))
    return NULL;
  return g_steal_pointer (&connection);
}

OrfConnection *
orf_store_open_reader (const char *path, OrfConnectionMode mode, GError **error)
{
  g_autoptr (OrfConnection) connection = orf_connection_open (path, mode, error);

  if (connection == NULL || !orf_connection_exec (connection, READER_PRAGMAS, error))
    return NULL;
  return g_steal_pointer (&connection);
}

static gboolean
try_mode (const char *path, OrfConnectionMode mode, GError **error)
{
  g_autoptr (OrfConnection) connection = orf_store_open_reader (path, mode, error);
  gint64 version;

  if (connection == NULL || !check_identity (connection, error) ||
      !orf_connection_get_int64 (connection, "PRAGMA user_version", &version, error))
    return FALSE;
  if (version == 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "%s is empty", path);
    return FALSE;
  }
  return TRUE;
}

gboolean
orf_store_open_choose_mode (const char *path, OrfConnectionMode *mode, GError **error)
{
  g_autoptr (GError) failure = NULL;
  struct stat state;

  if (stat (path, &state) != 0)
    return orf_store_error_set_io ("open", path, error);
  if (try_mode (path, ORF_CONNECTION_READ, &failure)) {
    *mode = ORF_CONNECTION_READ;
    return TRUE;
  }
  if (orf_error_get_code (failure) != ORF_ERROR_UNAVAILABLE || has_wal (path)) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  if (!try_mode (path, ORF_CONNECTION_IMMUTABLE, error))
    return FALSE;
  *mode = ORF_CONNECTION_IMMUTABLE;
  return TRUE;
}
