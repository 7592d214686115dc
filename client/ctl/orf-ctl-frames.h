/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h"

#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/* The values of metrics.watch: what each brought, and the latest points of each series. */
typedef struct _OrfCtlFrames OrfCtlFrames;

/* window_us: how far back points are kept. */
OrfCtlFrames *orf_ctl_frames_new (gint64 window_us);
void orf_ctl_frames_free (OrfCtlFrames *frames);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlFrames, orf_ctl_frames_free)

/* Takes in one value, as its JSON came. */
gboolean orf_ctl_frames_add (OrfCtlFrames *frames, const char *value, GError **error);

/* The points that the last value brought, a line each: time, value and series, parted by tabs. */
void orf_ctl_frames_append_lines (const OrfCtlFrames *frames,
                                  const OrfCtlTerminal *terminal,
                                  gboolean utc,
                                  GString *out);
/* All series by name, each with its latest value and a picture of the window; as many as the
 * terminal has lines for. */
void orf_ctl_frames_append_screen (const OrfCtlFrames *frames,
                                   const OrfCtlTerminal *terminal,
                                   gboolean utc,
                                   GString *out);

G_END_DECLS
