/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jaeger/orf-jaeger-answer.h"

#include "orf-encode.h"

GString *
orf_jaeger_answer_begin (void)
{
  return g_string_new ("{\"data\":");
}

void
orf_jaeger_answer_end (GString *answer, guint total, const char *errors)
{
  g_string_append_printf (answer, ",\"total\":%u,\"limit\":0,\"offset\":0,\"errors\":%s}", total,
                          errors != NULL ? errors : "null");
}

GString *
orf_jaeger_answer_error (int status, const GError *error)
{
  g_autoptr (GString) errors = g_string_new ("[{");
  GString *answer = orf_jaeger_answer_begin ();

  orf_encode_member (errors, "code");
  orf_encode_integer (errors, status);
  orf_encode_member (errors, "msg");
  orf_encode_string (errors, error->message, -1);
  g_string_append (errors, "}]");
  g_string_append (answer, "null");
  orf_jaeger_answer_end (answer, 0, errors->str);
  return answer;
}
