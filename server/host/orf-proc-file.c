/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-proc-file.h"

#include <fcntl.h>
#include <unistd.h>

/* Room for most; /proc/stat of a large machine takes more. */
#define FIRST_BYTES 4096
/* Far beyond any: a text that does not end is none. */
#define MAX_BYTES (4 * 1024 * 1024)

void
orf_proc_file_open (OrfProcFile *file, const char *path)
{
  file->fd = open (path, O_RDONLY | O_CLOEXEC);
  file->text = g_string_sized_new (FIRST_BYTES);
}

void
orf_proc_file_close (OrfProcFile *file)
{
  if (file->fd >= 0)
    close (file->fd);
  if (file->text != NULL)
    g_string_free (file->text, TRUE);
  file->fd = -1;
  file->text = NULL;
}

const char *
orf_proc_file_read (OrfProcFile *file)
{
  gsize length = 0;
  gssize n = -1;

  if (file->fd < 0)
    return NULL;
  /* The kernel gives some files in pieces of a page. */
  do {
    if (file->text->allocated_len - 1 - length < FIRST_BYTES / 2)
      g_string_set_size (file->text, file->text->allocated_len * 2);
    n = pread (file->fd, file->text->str + length, file->text->allocated_len - 1 - length,
               (off_t) length);
    length += (gsize) MAX (n, 0);
  } while (n > 0 && length < MAX_BYTES);
  if (n != 0 || length == 0)
    return NULL;
  file->text->str[length] = '\0';
  return file->text->str;
}
