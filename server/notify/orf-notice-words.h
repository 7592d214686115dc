/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* Words of a message that several kinds of receivers share.  Pure. */

/* "[FIRING:2] gpu_memory_high", "[RESOLVED] …"; one line, whatever the labels hold. */
char *orf_notice_words_make_subject (const OrfAlertTelling *telling);
/* What there is to say of one alert, in lines. */
char *orf_notice_words_make_text (const OrfAlertTold *told);
/* "86.5"; "unknown" for NAN. */
char *orf_notice_words_format_number (double value);
/* RFC 3339 with milliseconds, UTC. */
char *orf_notice_words_format_time (gint64 t_us);
/* At most max_chars of text, with an ellipsis where some is left out; control characters but for
 * line feeds, if they may stay, become blanks. */
char *orf_notice_words_cut (const char *text, guint max_chars, gboolean keep_lines);
/* name: value, of what an environment or a log takes: NAME, value, …, NULL. */
char **orf_notice_words_make_fields (const OrfAlertTold *told);

G_END_DECLS
