/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/* What a span says of one device: of several, of the one whose memory changed the most. */
typedef struct {
  char *device;
  gint64 start_bytes, end_bytes; /* -1: not known */
  char *pressure;                /* at the end, or else at the start; NULL: not known */
} OrfCtlSpanGpu;

/* json: `gpu` of a span.  FALSE: it says nothing of devices. */
gboolean orf_ctl_span_gpu_read (OrfCtlSpanGpu *gpu, const char *json);
void orf_ctl_span_gpu_clear (OrfCtlSpanGpu *gpu);
/* "12.0 GiB → 13.5 GiB high" */
char *orf_ctl_span_gpu_format (const OrfCtlTerminal *terminal, const OrfCtlSpanGpu *gpu);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfCtlSpanGpu, orf_ctl_span_gpu_clear)

G_END_DECLS
