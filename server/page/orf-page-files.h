/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One file of client/page, made into the binary by its embed.py. */
typedef struct {
  const char *path; /* as it is asked for */
  const char *content_type;
  const char *etag; /* with its quotes; of the content */
  const char *body;
  gsize length;
  const char *gzip; /* NULL: not worth it */
  gsize gzip_length;
} OrfPageFile;

extern const OrfPageFile orf_page_files[];
extern const gsize orf_n_page_files;

G_END_DECLS
