/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as an expression: it is refused with its field, or what is printed of it is it again. */
#include <stdint.h>
#include <string.h>

#include "metrics/orf-expr-parse.h"
#include "orf-error.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_printed (const OrfExpr *expr)
{
  g_autofree char *printed = orf_expr_print (expr);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExpr) again = orf_expr_parse (printed, &error);
  g_autofree char *second = NULL;

  if (again == NULL) {
    /* units and numbers may be longer when written out */
    if (strlen (printed) <= ORF_EXPR_MAX_BYTES)
      g_error ("printed, but refused: %s", error->message);
    return;
  }
  second = orf_expr_print (again);
  if (!g_str_equal (printed, second))
    g_error ("printed otherwise: %s", printed);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExpr) expr = NULL;

  if (!g_utf8_validate (text, -1, NULL))
    return 0; /* the codec lets no other in */
  expr = orf_expr_parse (text, &error);
  if (expr != NULL)
    check_printed (expr);
  else if (g_strcmp0 (orf_error_get_field (error), "expr") != 0)
    g_error ("an error that names no field: %s", error->message);
  return 0;
}
