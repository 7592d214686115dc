/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a selector: it is refused with its field, or it matches or does not.  And any as
 * labels in a file, or as a caller has them: what is taken is read again, and its canonical text
 * selects it and no other. */
#include <stdint.h>
#include <string.h>

#include "metrics/orf-selector.h"
#include "metrics/orf-series-name.h"
#include "orf-error.h"

#include "fuzz-take.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define MAX_LABELS 8

static void
select_by (const char *text)
{
  static const char *const labels[] = { "device", "opencl-0", "pool", "aaaaaaaaaaaaaaaaaaaaaaaa",
                                        NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfSelector) selector = orf_selector_parse (text, &error);
  gboolean matches;

  if (selector != NULL)
    orf_selector_match (selector, "gpu.memory.used_bytes", (char *const *) labels, &matches,
                        &error);
  if (error != NULL && g_strcmp0 (orf_error_get_field (error), "select") != 0)
    g_error ("an error that names no field: %s", error->message);
}

/* Where it stands in an expression it ends where another thing begins. */
static void
select_within (const char *text)
{
  g_autoptr (GError) error = NULL;
  guint position = 0;
  g_autoptr (OrfSelector) selector = orf_selector_parse_within (text, &position, &error);

  if (selector == NULL ? g_strcmp0 (orf_error_get_field (error), "expr") != 0
                       : position > strlen (text))
    g_error ("a selector up to %u", position);
}

/* ---- labels ---------------------------------------------------------------------------------- */

static void
check_again (char *const *labels)
{
  g_autofree char *json = orf_series_name_labels_to_json (labels);
  g_auto (GStrv) again = orf_series_name_labels_from_json (json);

  if (again == NULL || !g_strv_equal ((const char *const *) again, (const char *const *) labels))
    g_error ("labels became %s", json);
}

/* Of what a caller may call a series. */
static void
check_selected (const char *name, char *const *labels)
{
  g_autofree char *text = orf_series_name_to_text (name, labels);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfSelector) selector = orf_selector_parse (text, &error);
  gboolean matches = FALSE;

  if (selector == NULL || !orf_selector_match (selector, name, labels, &matches, &error))
    g_error ("%s: %s", text, error->message);
  if (!matches || g_strcmp0 (orf_selector_get_name (selector), name) != 0)
    g_error ("%s does not select itself", text);
  if (!orf_selector_match (selector, "other", labels, &matches, NULL) ||
      matches != g_str_equal (name, "other"))
    g_error ("%s selects another", text);
}

static void
check_parts (char *const *labels)
{
  const char *const by[] = { labels[0], NULL };
  g_auto (GStrv) kept = orf_series_name_keep_labels (labels, by);
  g_auto (GStrv) named = orf_series_name_add_name ("n", labels);

  if (labels[0] != NULL &&
      (g_strv_length (kept) != 2 || orf_series_name_get_label (kept, labels[0]) == NULL))
    g_error ("%s was not kept", labels[0]);
  if (g_strcmp0 (orf_series_name_get_label (named, "__name__"), "n") != 0)
    g_error ("its name is lost");
}

static void
read_labels (const char *json)
{
  g_auto (GStrv) labels = orf_series_name_labels_from_json (json);

  if (labels == NULL)
    return;
  check_again (labels);
  check_parts (labels);
}

static void
call_series (FuzzInput *input)
{
  g_autofree char *name = fuzz_take_text (input, 255);
  guint n = fuzz_take_byte (input) % MAX_LABELS;
  g_auto (GStrv) labels = g_new0 (char *, 2 * n + 1);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2 * n; i++)
    labels[i] = fuzz_take_text (input, 255);
  if (orf_series_name_check (name, "name", &error) &&
      orf_series_name_check_labels (labels, MAX_LABELS - 2, "labels", &error))
    check_selected (name, labels);
  else if (orf_error_get_field (error) == NULL)
    g_error ("an error that names no field: %s", error->message);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  FuzzInput input = { data, size };

  if (g_utf8_validate (text, -1, NULL)) { /* the codec lets no other in */
    select_by (text);
    select_within (text);
  }
  read_labels (text);
  call_series (&input);
  return 0;
}
