/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/orf-poller.h"

G_BEGIN_DECLS

/* The end of a process that is not our child, told by the kernel (pidfd): at once, also while its
 * parent has not waited for it, and never of another that has its number later.  Main context. */
typedef struct _OrfProcessWatch OrfProcessWatch;

/* ended: once; may free the watch.  NULL: there is no such process here, the kernel cannot, or
 * descriptors are short. */
OrfProcessWatch *orf_process_watch_new (OrfPoller *poller,
                                        gint64 pid,
                                        void (*ended) (gpointer user_data),
                                        gpointer user_data);
void orf_process_watch_free (OrfProcessWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfProcessWatch, orf_process_watch_free)

G_END_DECLS
