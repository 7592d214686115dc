/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-metrics-page.h"

#include "gpu/orf-dcgm-text.h"

#define STATUS_UNAVAILABLE 503

static void
made_cb (gpointer user_data, const OrfExpositionPage *made)
{
  OrfHttpPage page = { .status = STATUS_UNAVAILABLE, .content_type = "text/plain", .body = "" };

  if (made != NULL)
    page = (OrfHttpPage){
      .status = 200,
      .content_type = made->content_type,
      .body = made->text,
      .length = made->length,
      .gzip = made->gzip,
      .gzip_length = made->gzip_length,
      .compress = TRUE,
    };
  orf_http_page_reply (user_data, &page);
}

static void
metrics_cb (gpointer user_data, OrfHttpPage *page)
{
  orf_exposition_get (user_data, orf_exposition_format_choose (page->accept), page->takes_gzip,
                      made_cb, orf_http_page_defer (page));
}

static void
extra_cb (gpointer user_data, OrfExpositionFormat format, GString *out)
{
  orf_dcgm_text_append (orf_gpu_monitor_get_devices (user_data), g_get_host_name (), format, out);
}

void
orf_metrics_page_add (OrfHttpServer *server, OrfExposition *exposition, OrfGpuMonitor *gpu)
{
  orf_exposition_set_extra (exposition, extra_cb, gpu);
  orf_http_server_add_page (server, "/metrics", FALSE, metrics_cb, exposition);
}
