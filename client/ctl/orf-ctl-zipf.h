/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Numbers by a Zipf law: the one of rank r is drawn as often as r to the power of -exponent says.
 */
typedef struct _OrfCtlZipf OrfCtlZipf;

/* n from 1 on: a table of 8 bytes each; exponent 0: all alike. */
OrfCtlZipf *orf_ctl_zipf_new (guint n, double exponent);
void orf_ctl_zipf_free (OrfCtlZipf *zipf);

/* chance: from 0 to below 1.  0 to n - 1, the most frequent first. */
guint orf_ctl_zipf_draw (const OrfCtlZipf *zipf, double chance);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlZipf, orf_ctl_zipf_free)

G_END_DECLS
