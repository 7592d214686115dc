/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-expr-number.h"

#include <math.h>
#include <string.h>

typedef struct {
  const char *name;
  double factor;
  gboolean of_time;
} Unit;

static const Unit units[] = {
  { "%", 1, FALSE }, /* shares are 0 to 100 */
  { "B", 1, FALSE },
  { "kB", 1e3, FALSE },
  { "MB", 1e6, FALSE },
  { "GB", 1e9, FALSE },
  { "TB", 1e12, FALSE },
  { "KiB", 1024.0, FALSE },
  { "MiB", 1048576.0, FALSE },
  { "GiB", 1073741824.0, FALSE },
  { "TiB", 1099511627776.0, FALSE },
  { "us", 1, TRUE },
  { "ms", 1e3, TRUE },
  { "s", 1e6, TRUE },
  { "m", 60e6, TRUE },
  { "h", 3600e6, TRUE },
  { "d", 86400e6, TRUE },
};

static gsize
measure_unit (const char *at)
{
  gsize length = 0;

  if (*at == '%')
    return 1;
  while (g_ascii_isalnum (at[length]) || at[length] == '_')
    length++;
  return length;
}

/* NULL: there is none of that name. */
static const Unit *
find_unit (const char *at, gsize length)
{
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (strlen (units[i].name) == length && strncmp (units[i].name, at, length) == 0)
      return &units[i];
  return NULL;
}

gboolean
orf_expr_number_begins (const char *text)
{
  return g_ascii_isdigit (text[0]) || (text[0] == '.' && g_ascii_isdigit (text[1]));
}

/* Digits, point and exponent alone: g_ascii_strtod() would also take 0x10. */
static double
read_digits (const char *text, const char **end)
{
  gsize length = strspn (text, "0123456789");
  g_autofree char *digits = NULL;

  if (text[length] == '.')
    length += 1 + strspn (text + length + 1, "0123456789");
  if (text[length] == 'e' || text[length] == 'E') {
    gsize sign = text[length + 1] == '+' || text[length + 1] == '-';
    gsize more = strspn (text + length + 1 + sign, "0123456789");

    length += more > 0 ? 1 + sign + more : 0;
  }
  digits = g_strndup (text, length);
  *end = text + length;
  return g_ascii_strtod (digits, NULL);
}

OrfExprNumberFault
orf_expr_number_read (const char *text, const char **end, double *number, gboolean *of_time)
{
  double value = read_digits (text, end);
  gsize length = measure_unit (*end);
  const Unit *unit = length > 0 ? find_unit (*end, length) : NULL;

  if (length > 0 && unit == NULL)
    return ORF_EXPR_NUMBER_NO_UNIT;
  *number = value * (unit != NULL ? unit->factor : 1);
  *of_time = unit != NULL && unit->of_time;
  if (!isfinite (*number)) {
    *end = text;
    return ORF_EXPR_NUMBER_TOO_LARGE;
  }
  *end += length;
  return ORF_EXPR_NUMBER_GOOD;
}
