/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Which processes hold memory of which GPU, by their open files below /proc.  Looking through all
 * processes is dear, so that is done now and then; in between those that were found are asked.
 */
typedef struct _OrfDrmClients OrfDrmClients;

typedef struct {
  char *pdev; /* "0000:03:00.0" */
  gint64 pid;
  char *name;
  gint64 vram_bytes; /* of all its clients, each counted once and where it was first seen */
  gint64 gtt_bytes;
} OrfDrmUse;

/* root is "/" but for tests, which bring a tree of their own.  scan_us: how old the list of all
 * processes may be. */
OrfDrmClients *orf_drm_clients_new (const char *root, gint64 scan_us);
void orf_drm_clients_free (OrfDrmClients *clients);

/* The files of /proc as they are now.  FALSE: /proc cannot be read, and nothing has changed. */
gboolean orf_drm_clients_look (OrfDrmClients *clients, gint64 now_us);
/* Of OrfDrmUse, by pid; borrowed until the next look. */
GPtrArray *orf_drm_clients_get_uses (OrfDrmClients *clients);
/* FALSE: files of some processes may not be read, so that others than those told may hold memory.
 */
gboolean orf_drm_clients_is_complete (OrfDrmClients *clients);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDrmClients, orf_drm_clients_free)

G_END_DECLS
