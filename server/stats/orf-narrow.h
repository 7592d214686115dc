/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include <glib.h>

G_BEGIN_DECLS

/* A float in 16 bits: its upper half, rounded to nearest.  The range of a float, 8 bits of
 * precision: for distances from something near, where much has to be kept in few bytes. */

/* How far off it may be, as a share of the value; twice rounded, and some to spare. */
#define ORF_NARROW_ERROR (1.f / 128)

/* No value. */
#define ORF_NARROW_NONE 0x7fc0

static inline guint16
orf_narrow_pack (float value)
{
  guint32 bits, rounded;

  if (value != value)
    return ORF_NARROW_NONE;
  memcpy (&bits, &value, sizeof bits);
  rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  /* what is finite stays so: the largest of all would be rounded to infinity */
  if ((rounded & 0x7fff) == 0x7f80 && (bits & 0xffff) != 0)
    rounded--;
  return (guint16) rounded;
}

static inline float
orf_narrow_unpack (guint16 packed)
{
  guint32 bits = (guint32) packed << 16;
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

/* Each is none, or a number: what orf_narrow_pack() gives for what is finite. */
static inline gboolean
orf_narrow_are_valid (const guint16 *packed, guint n)
{
  for (guint i = 0; i < n; i++)
    if (packed[i] != ORF_NARROW_NONE && (packed[i] & 0x7f80) == 0x7f80)
      return FALSE;
  return TRUE;
}

G_END_DECLS
