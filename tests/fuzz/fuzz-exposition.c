/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a page of metrics, in both formats: all that is found of it lies in it, and what is
 * refused says where. */
#include <stdint.h>
#include <string.h>

#include "orf-error.h"
#include "scrape/orf-exposition-parser.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  const char *start, *end;
} Page;

static void
check_inside (Page page, OrfExpositionSlice slice, const char *what)
{
  if (slice.start < page.start || slice.start + slice.length > page.end)
    g_error ("%s lies outside of the page", what);
}

static void
check_sample (Page page, const OrfExpositionParser *parser, const OrfExpositionSample *sample)
{
  OrfExpositionCursor left = { sample->labels.start, sample->labels.start + sample->labels.length };
  OrfExpositionSlice ending, name, value;
  const OrfExpositionFamily *family;

  check_inside (page, sample->series, "the series");
  check_inside (page, sample->labels, "the labels");
  while (orf_exposition_next_label (&left, &name, &value)) {
    g_autofree char *plain = orf_exposition_unescape (value, TRUE);

    check_inside (page, name, "a label's name");
    if (strlen (plain) > value.length)
      g_error ("a value is longer than its text");
  }
  if (left.at != left.end && strspn (left.at, " \t") != (gsize) (left.end - left.at))
    g_error ("labels were taken, and not found again");
  family = orf_exposition_parser_get_family (parser, sample->name, &ending);
  if (family != NULL) {
    check_inside (page, family->help, "the help");
    check_inside (page, ending, "the ending");
  }
}

static void
read_page (const char *data, size_t size, OrfExpositionFormat format)
{
  const Page page = { data, data + size };
  g_autoptr (GError) error = NULL;
  OrfExpositionParser parser;
  OrfExpositionSample sample;
  OrfExpositionStep step;

  orf_exposition_parser_init (&parser, data, size, format);
  while ((step = orf_exposition_parser_next (&parser, &sample, &error)) == ORF_EXPOSITION_SAMPLE)
    check_sample (page, &parser, &sample);
  if (step == ORF_EXPOSITION_BROKEN && !g_str_has_prefix (error->message, "line "))
    g_error ("an error that says no line: %s", error->message);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  read_page ((const char *) data, size, ORF_EXPOSITION_TEXT);
  read_page ((const char *) data, size, ORF_EXPOSITION_OPENMETRICS);
  return 0;
}
