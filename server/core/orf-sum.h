/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As far as an integer of a result may go (the schema's; each part of a sum may be told as that).
 */
#define ORF_SUM_MAX (G_GINT64_CONSTANT (1) << 53)

/* Of what others say, which nobody can believe beyond that: it stays there.  Both are >= 0. */
static inline gint64
orf_sum_add (gint64 sum, gint64 value)
{
  return value < ORF_SUM_MAX - sum ? sum + value : ORF_SUM_MAX;
}

/* Of a number that was recorded; -1: it is none that bytes can be. */
static inline gint64
orf_sum_from_number (double number)
{
  if (!(number >= 0))
    return -1;
  return number < (double) ORF_SUM_MAX ? (gint64) number : ORF_SUM_MAX;
}

G_END_DECLS
