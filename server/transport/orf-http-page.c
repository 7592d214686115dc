/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-request-private.h"

#include <string.h>

#include "core/orf-gzip.h"
#include "core/orf-memory.h"
#include "orf-error.h"
#include "transport/orf-http-encoding.h"

struct _OrfHttpPageReply {
  OrfHttpRequest *request; /* NULL: gone */
};

/* FALSE, and answered: many hold answers that they do not read, and this one is not small. */
static gboolean
check_room (OrfHttpRequest *request, gsize length)
{
  OrfMemory *memory = orf_router_get_memory (request->service->router);
  g_autoptr (GError) error = NULL;

  if (length <= ORF_MEMORY_SMALL_BYTES ||
      orf_memory_check_part (memory, ORF_MEMORY_CONNECTIONS, &error))
    return TRUE;
  orf_http_request_add_header (request, "Cache-Control", "no-store");
  orf_http_request_add_retry_after (request, orf_error_get_retry_after_ms (error));
  orf_http_request_answer_error (request, SOUP_STATUS_SERVICE_UNAVAILABLE, error);
  return FALSE;
}

/* The answer to a page's reader, by what it takes and what it has already. */
static void
answer_page (OrfHttpRequest *request, const OrfHttpPage *page)
{
  g_autofree char *packed = NULL;
  const char *body = page->body;
  gsize length = page->length;
  gboolean packs = page->gzip != NULL || page->compress;
  gboolean known = page->status == SOUP_STATUS_OK && page->etag != NULL &&
                   orf_http_encoding_matches_etag (orf_http_request_get_header (request,
                                                                                "If-None-Match"),
                                                   page->etag);
  gboolean packing = packs && !known &&
                     orf_http_encoding_takes_gzip (
                       orf_http_request_get_header (request, "Accept-Encoding"));

  if (packing && page->gzip == NULL) {
    body = packed = orf_gzip_pack (page->body, page->length, &length);
  } else if (packing) {
    body = page->gzip;
    length = page->gzip_length;
  }
  if (!known && !check_room (request, length))
    return;
  if (page->retry_after_ms > 0)
    orf_http_request_add_retry_after (request, page->retry_after_ms);
  orf_http_request_add_header (request, "Cache-Control",
                               page->cache_control != NULL ? page->cache_control : "no-store");
  if (page->etag != NULL)
    orf_http_request_add_header (request, "ETag", page->etag);
  if (packs)
    orf_http_request_add_header (request, "Vary", "Accept-Encoding");
  if (packing)
    orf_http_request_add_header (request, "Content-Encoding", "gzip");
  if (known)
    orf_http_request_answer (request, SOUP_STATUS_NOT_MODIFIED, NULL, NULL, 0);
  else
    orf_http_request_answer (request, page->status, page->content_type, body, length);
}

OrfHttpPageReply *
orf_http_page_defer (OrfHttpPage *page)
{
  OrfHttpPageReply *reply = g_new0 (OrfHttpPageReply, 1);

  reply->request = page->request;
  reply->request->reply = reply;
  return reply;
}

void
orf_http_page_reply (OrfHttpPageReply *reply, const OrfHttpPage *page)
{
  if (reply->request != NULL) {
    reply->request->reply = NULL;
    answer_page (reply->request, page);
  }
  g_free (reply);
}

void
orf_http_page_forget (OrfHttpPageReply *reply)
{
  reply->request = NULL;
}

/* FALSE: it is refused. */
static gboolean
admit_reader (OrfHttpRequest *request)
{
  g_autoptr (GError) error = NULL;
  OrfIdentity identity = { ORF_ROLE_NONE, "" };

  if (!orf_http_request_admit (request, &identity, &error)) {
    orf_http_request_refuse_unauthenticated (request, error);
    return FALSE;
  }
  if (!orf_role_holds (identity.role, ORF_ROLE_READ)) {
    orf_http_request_refuse (request, SOUP_STATUS_FORBIDDEN, ORF_ERROR_PERMISSION_DENIED,
                             "this page takes the role read");
    return FALSE;
  }
  return TRUE;
}

gboolean
orf_http_page_admit_reader (OrfHttpPage *page)
{
  return admit_reader (page->request);
}

void
orf_http_page_start (OrfHttpRequest *request,
                     const OrfHttpPageEntry *entry,
                     const char *path,
                     const char *query)
{
  OrfHttpPage page = {
    .status = SOUP_STATUS_OK,
    .path = path,
    .query = query,
    .accept = orf_http_request_get_header (request, "Accept"),
    .takes_gzip = orf_http_encoding_takes_gzip (
      orf_http_request_get_header (request, "Accept-Encoding")),
    .request = request,
  };

  if (strcmp (request->verb, "GET") != 0) {
    orf_http_request_refuse_verb (request, "GET, HEAD");
    return;
  }
  if (!entry->open && !admit_reader (request))
    return;
  if (strcmp (path, "/") == 0)
    orf_http_login_give_session (request);
  entry->func (entry->user_data, &page);
  if (request->reply == NULL && !request->answered)
    answer_page (request, &page);
}

/* ---- uploads --------------------------------------------------------------------------------- */

GString *
orf_http_page_steal_body (OrfHttpPage *page)
{
  OrfHttpRequest *request = page->request;

  return orf_http_framing_steal_body (request->source.framing);
}

/* FALSE, and what is answered in *status and *error. */
static gboolean
check_upload (OrfHttpRequest *request, int *status, GError **error)
{
  OrfIdentity identity = { ORF_ROLE_NONE, "" };

  if (strcmp (request->verb, "POST") != 0) {
    orf_http_request_add_header (request, "Allow", "POST");
    *status = SOUP_STATUS_METHOD_NOT_ALLOWED;
    g_set_error (error, ORF_ERROR, ORF_ERROR_METHOD_NOT_FOUND, "%s is not taken here, but POST",
                 request->verb);
    return FALSE;
  }
  if (!orf_http_request_admit (request, &identity, error)) {
    orf_http_request_add_header (request, "WWW-Authenticate", "Bearer");
    *status = SOUP_STATUS_UNAUTHORIZED;
    return FALSE;
  }
  if (orf_role_holds (identity.role, ORF_ROLE_INGEST))
    return TRUE;
  *status = SOUP_STATUS_FORBIDDEN;
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED, "this takes the role ingest");
  return FALSE;
}

void
orf_http_page_start_upload (OrfHttpRequest *request,
                            const OrfHttpPageEntry *entry,
                            const char *path)
{
  g_autoptr (GError) error = NULL;
  OrfHttpPage page = {
    .status = SOUP_STATUS_OK,
    .path = path,
    .sent_type = orf_http_request_get_header (request, "Content-Type"),
    .sent_encoding = orf_http_request_get_header (request, "Content-Encoding"),
    .request = request,
  };

  if (!check_upload (request, &page.status, &error))
    page.refusal = error;
  entry->func (entry->user_data, &page);
  if (request->reply == NULL && !request->answered)
    answer_page (request, &page);
}

gboolean
orf_http_page_refuse_upload (const OrfHttpService *service,
                             const char *target,
                             const char *sent_type,
                             const GError *error,
                             OrfHttpPage *page)
{
  g_autofree char *path = g_strndup (target, (gsize) (strchrnul (target, '?') - target));
  const OrfHttpPageEntry *entry = orf_http_page_find (service, path);

  if (entry == NULL || !entry->upload)
    return FALSE;
  page->path = path;
  page->sent_type = sent_type;
  page->refusal = error;
  entry->func (entry->user_data, page);
  page->path = NULL;
  return TRUE;
}

/* ---- which ----------------------------------------------------------------------------------- */

static gboolean
is_page (const OrfHttpPageEntry *entry, const char *path)
{
  gsize stem = strlen (entry->path) - 1;

  if (entry->path[stem] == '*')
    return strncmp (entry->path, path, stem) == 0;
  return strcmp (entry->path, path) == 0;
}

const OrfHttpPageEntry *
orf_http_page_find (const OrfHttpService *service, const char *path)
{
  for (guint i = 0; i < service->pages->len; i++) {
    const OrfHttpPageEntry *entry = &g_array_index (service->pages, OrfHttpPageEntry, i);

    if (is_page (entry, path))
      return entry;
  }
  return NULL;
}
