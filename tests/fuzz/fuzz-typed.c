/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as what somebody types for orfeasctl: samples, spans of time, instants, statements. */
#include <stdint.h>
#include <string.h>

#include "orf-ctl-sample.h"
#include "orf-ctl-sql-source.h"
#include "orf-ctl-time.h"
#include "orf-error.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_sample (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) sample = orf_ctl_sample_parse (text, -1, &error);

  if (sample == NULL && !g_error_matches (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT))
    g_error ("refused with other words");
}

static void
read_time (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) other = NULL;
  gint64 duration_us, time_us;

  if (orf_ctl_parse_duration (text, &duration_us, &error) ? duration_us < 1 : error == NULL)
    g_error ("a duration of %" G_GINT64_FORMAT, duration_us);
  if (!orf_ctl_parse_time (text, G_GINT64_CONSTANT (1700000000000000), &time_us, &other) &&
      other == NULL)
    g_error ("refused without a word");
}

static void
read_statements (const char *text)
{
  gsize length = strlen (text);
  const char *at = text;

  for (;;) {
    const char *before = at;
    g_autofree char *statement = orf_ctl_sql_take_statement (&at);

    if (statement == NULL)
      break;
    if (at <= before || at > text + length || strlen (statement) > length)
      g_error ("a statement that is not in the text");
    orf_ctl_sql_is_blank (statement);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  read_sample (text);
  read_time (text);
  read_statements (text);
  return 0;
}
