/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How many calls may wait at once, so that none waits long: what comes beyond is better refused at
 * once than answered when its caller has gone.  As long as even the luckiest call of a tenth of a
 * second took longer than it should, as many may wait as would have been through in time; else more
 * and more.  Pure: who asks says what time it is (monotonic).
 */
typedef struct _OrfAdmission OrfAdmission;

/* What may always wait: a page that asks for all it shows at once is no flood. */
#define ORF_ADMISSION_FEW 32

/* target_us: how long the luckiest may take; most: calls that may wait when all is well. */
OrfAdmission *orf_admission_new (gint64 target_us, guint most);
void orf_admission_free (OrfAdmission *admission);

/* Whether one more may wait. */
gboolean orf_admission_admits (OrfAdmission *admission, gint64 now_us);
/* One more waits. */
void orf_admission_begin (OrfAdmission *admission, gint64 now_us);
/* One waits no more, took_us after it began.  answered: it was not given up. */
void orf_admission_end (OrfAdmission *admission, gint64 took_us, gboolean answered, gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAdmission, orf_admission_free)

G_END_DECLS
