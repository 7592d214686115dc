/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-enum.h"

const char *
orf_enum_to_string (const OrfEnumDesc *desc, int value)
{
  for (int i = 0; desc->values[i] != NULL; i++)
    if (i + 1 == value)
      return desc->values[i];
  return NULL;
}

int
orf_enum_from_string (const OrfEnumDesc *desc, const char *text)
{
  for (int i = 0; text != NULL && desc->values[i] != NULL; i++)
    if (g_str_equal (desc->values[i], text))
      return i + 1;
  return 0;
}
