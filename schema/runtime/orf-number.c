/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-number.h"

#include <math.h>
#include <string.h>

/* Below this every integer is a double of its own. */
#define MAX_EXACT_INTEGER 9007199254740992.0
/* Powers of ten up to here are exact, and metric values rarely have more decimals. */
#define MAX_DECIMALS 15
/* Beyond so many find_shortest() is quicker than one more try. */
#define QUICK_DECIMALS 6
/* Any double is read back from so many digits. */
#define MAX_DIGITS 17
/* From here on text needs no exponent, and seventeen digits of what is not an integer have at most
 * 20 decimals: times ten to that, three bits more than a mantissa's fit into 128. */
#define MIN_PLAIN 1e-4

static const char digit_pairs[] = "00010203040506070809"
                                  "10111213141516171819"
                                  "20212223242526272829"
                                  "30313233343536373839"
                                  "40414243444546474849"
                                  "50515253545556575859"
                                  "60616263646566676869"
                                  "70717273747576777879"
                                  "80818283848586878889"
                                  "90919293949596979899";

void
orf_number_format_eight (char *buffer, guint32 value)
{
  for (int at = 6; at >= 0; at -= 2, value /= 100)
    memcpy (buffer + at, digit_pairs + 2 * (value % 100), 2);
}

static guint
format_unsigned (char *buffer, guint64 value)
{
  char digits[ORF_NUMBER_MAX];
  guint start = sizeof digits;
  guint32 low;

  /* eight digits at once, so that the rest is done in 32 bits */
  while (value > G_MAXUINT32) {
    start -= 8;
    orf_number_format_eight (digits + start, (guint32) (value % 100000000));
    value /= 100000000;
  }
  low = (guint32) value;
  while (low >= 100) {
    start -= 2;
    memcpy (digits + start, digit_pairs + 2 * (low % 100), 2);
    low /= 100;
  }
  if (low >= 10) {
    start -= 2;
    memcpy (digits + start, digit_pairs + 2 * low, 2);
  } else {
    digits[--start] = (char) ('0' + low);
  }
  memcpy (buffer, digits + start, sizeof digits - start);
  return (guint) sizeof digits - start;
}

guint
orf_number_format_integer (char *buffer, gint64 value)
{
  guint length;

  if (value >= 0) {
    length = format_unsigned (buffer, (guint64) value);
  } else {
    buffer[0] = '-';
    length = 1 + format_unsigned (buffer + 1, -(guint64) value);
  }
  buffer[length] = '\0';
  return length;
}

/*
 * Value as mantissa / 10^decimals, when that is exact: mantissa and power are both exact doubles,
 * so their quotient is rounded once, just as strtod() rounds the text; and the fewest decimals come
 * first, so the text is the shortest.
 */
static gboolean
find_decimals (double value, guint64 *mantissa, guint *decimals)
{
  guint max_decimals = value < MIN_PLAIN ? MAX_DECIMALS : QUICK_DECIMALS;
  double power = 10;

  if (value >= MAX_EXACT_INTEGER)
    return FALSE;
  *mantissa = (guint64) value;
  *decimals = 0;
  if ((double) *mantissa == value)
    return TRUE;
  for (guint n = 1; n <= max_decimals; n++, power *= 10) {
    double scaled = rint (value * power);

    if (scaled >= MAX_EXACT_INTEGER)
      return FALSE;
    if (scaled / power == value) {
      *mantissa = (guint64) scaled;
      *decimals = n;
      return TRUE;
    }
  }
  return FALSE;
}

static guint
format_decimals (char *buffer, guint64 mantissa, guint decimals)
{
  char digits[ORF_NUMBER_MAX];
  guint length = format_unsigned (digits, mantissa);
  guint whole = length > decimals ? length - decimals : 0;
  guint n = 0;

  if (whole == 0)
    buffer[n++] = '0';
  memcpy (buffer + n, digits, whole);
  n += whole;
  if (decimals > 0) {
    guint zeros = decimals - (length - whole);

    buffer[n++] = '.';
    memset (buffer + n, '0', zeros);
    n += zeros;
    memcpy (buffer + n, digits + whole, length - whole);
    n += length - whole;
  }
  return n;
}

static guint
format_slowly (char *buffer, double value)
{
  /* seventeen digits always read back; fewer are tried for the reader's sake */
  static const char *const formats[] = { "%.15g", "%.16g", "%.17g" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_ascii_formatd (buffer, ORF_NUMBER_MAX, formats[i], value);
    if (g_ascii_strtod (buffer, NULL) == value)
      break;
  }
  return (guint) strlen (buffer);
}

/* Ten to the power of n, at most 19. */
static guint64
power_of_ten (guint n)
{
  guint64 power = 1;

  while (n-- > 0)
    power *= 10;
  return power;
}

/*
 * The fewest digits that read back as value, and of those the nearest, for one with a fraction and
 * from MIN_PLAIN on.  All is exact: what reads back as value lies between its two neighbours'
 * midpoints, which times 10^decimals are integers over a power of two.  printf() and strtod() take
 * ten times as long.
 */
static void
find_shortest (double value, guint64 *mantissa, guint *decimals)
{
  int exponent;
  double fraction = frexp (value, &exponent);
  guint64 bits = (guint64) ldexp (fraction, 53);
  guint shift = (guint) (53 - exponent + 2); /* of what is below, in quarters of the last bit */
  guint n = MAX_DIGITS;
  guint64 low, high, nearest, unit = 1;
  unsigned __int128 scale, at, from, to, half = (unsigned __int128) 1 << (shift - 1);
  double above = 1, below = 0.1; /* powers of ten, for the digits before and behind the point */

  while (value >= above) {
    above *= 10;
    n--;
  }
  while (value < below) {
    below /= 10;
    n++;
  }
  scale = n > 19 ? (unsigned __int128) power_of_ten (19) * power_of_ten (n - 19) : power_of_ten (n);
  at = scale * (4 * bits);
  /* the neighbour below a power of two is half as far; a midpoint reads back as the even one */
  from = at - scale * (bits == (guint64) 1 << 52 ? 1 : 2) + (bits & 1);
  to = at + scale * 2 - (bits & 1);
  low = (guint64) ((from + 2 * half - 1) >> shift);
  high = (guint64) (to >> shift);
  while (high / (unit * 10) * (unit * 10) >= low) {
    unit *= 10;
    n--;
  }
  nearest = (guint64) ((at + half * unit) >> shift) / unit;
  *mantissa = CLAMP (nearest, (low + unit - 1) / unit, high / unit);
  *decimals = n;
}

guint
orf_number_format_double (char *buffer, double value)
{
  double magnitude = fabs (value);
  guint64 mantissa;
  guint decimals;
  guint sign = 0;

  if (!isfinite (value)) {
    memcpy (buffer, "null", 5);
    return 4;
  }
  if (!find_decimals (magnitude, &mantissa, &decimals)) {
    if (magnitude < MIN_PLAIN || magnitude >= MAX_EXACT_INTEGER)
      return format_slowly (buffer, value);
    find_shortest (magnitude, &mantissa, &decimals);
  }
  if (signbit (value) && mantissa != 0)
    buffer[sign++] = '-';
  sign += format_decimals (buffer + sign, mantissa, decimals);
  buffer[sign] = '\0';
  return sign;
}
