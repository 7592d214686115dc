/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page/orf-page.h"

#include <stdlib.h>
#include <string.h>

#include "page/orf-page-files.h"

#define STATUS_NOT_FOUND 404

/* A browser asks each time whether it has the present one: a daemon that was upgraded never meets a
 * page half old and half new, and a 304 has no body. */
#define CACHE_CONTROL "no-cache"

static int
compare_path (const void *path, const void *file)
{
  return strcmp (path, ((const OrfPageFile *) file)->path);
}

static void
page_cb (gpointer user_data, OrfHttpPage *page)
{
  const OrfPageFile *file = bsearch (page->path, orf_page_files, orf_n_page_files, sizeof *file,
                                     compare_path);

  if (file == NULL) {
    page->status = STATUS_NOT_FOUND;
    page->content_type = "text/plain; charset=utf-8";
    page->body = "There is no such file in the page.\n";
    page->length = strlen (page->body);
    return;
  }
  page->content_type = file->content_type;
  page->body = file->body;
  page->length = file->length;
  page->gzip = file->gzip;
  page->gzip_length = file->gzip_length;
  page->etag = file->etag;
  page->cache_control = CACHE_CONTROL;
}

void
orf_page_add (OrfHttpServer *server)
{
  orf_http_server_add_page (server, "/", TRUE, page_cb, NULL);
  orf_http_server_add_page (server, "/page/*", TRUE, page_cb, NULL);
}
