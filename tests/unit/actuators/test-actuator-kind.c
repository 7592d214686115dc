/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "actuators/orf-actuator-kind.h"

#include "actuator-config.h"
#include "orf-error.h"

#define URL "http://127.0.0.1:8000"

typedef struct {
  OrfConfig *config;
  const OrfConfigActuator *settings;
  const OrfActuatorKind *kind;
  OrfActuatorState state;
} Server;

static Server
server_new (const char *target, const char *keys)
{
  Server server = { .config = actuator_config_load (target, keys, NULL) };

  server.settings = actuator_config_get (server.config);
  server.kind = orf_actuator_kind_get (server.settings);
  orf_actuator_state_init (&server.state);
  return server;
}

static void
server_clear (Server *server)
{
  orf_actuator_state_clear (&server->state);
  orf_config_free (server->config);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Server, server_clear)

static gboolean
read_look (Server *server, guint i, const char *text)
{
  g_autoptr (GString) body = g_string_new (text);
  g_autoptr (GError) error = NULL;
  gboolean good = orf_actuator_kind_read_look (server->kind, server->settings, i, body,
                                               &server->state, &error);

  g_assert_true (good == (error == NULL));
  return good;
}

/* "POST /a BODY;POST /b -" */
static char *
describe (GPtrArray *requests)
{
  g_autoptr (GPtrArray) owned = requests;
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < owned->len; i++) {
    const OrfActuatorRequest *request = owned->pdata[i];

    g_string_append_printf (text, "%s%s %s %s", i > 0 ? ";" : "", request->verb,
                            request->path != NULL ? request->path : "(url)",
                            request->body != NULL ? request->body : "-");
  }
  return g_string_free (text, FALSE);
}

static char *
get_cleanup (Server *server, OrfCleanupLevel level)
{
  return describe (
    orf_actuator_kind_make_cleanup (server->kind, server->settings, level, &server->state));
}

static char *
get_restore (Server *server, OrfCleanupLevel level)
{
  return describe (
    orf_actuator_kind_make_restore (server->kind, server->settings, level, &server->state));
}

static char *
get_looks (Server *server)
{
  GPtrArray *looks = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_actuator_request_free);

  for (guint i = 0; i < orf_actuator_kind_get_n_looks (server->kind); i++)
    g_ptr_array_add (looks, orf_actuator_kind_make_look (server->kind, i));
  return describe (looks);
}

#define assert_text(call, expected)                                                                \
  do {                                                                                             \
    g_autofree char *text_ = (call);                                                               \
    g_assert_cmpstr (text_, ==, expected);                                                         \
  } while (0)

#define assert_refusal(server, level, expected)                                                    \
  assert_text (orf_actuator_kind_dup_refusal ((server)->kind, (server)->settings, level,           \
                                              &(server)->state),                                   \
               expected)

static void
test_vllm (void)
{
  g_auto (Server) server = server_new (URL, "kind=vllm");

  assert_text (get_looks (&server), "GET /is_sleeping -;GET /metrics -");
  g_assert_true (orf_actuator_kind_is_optional (server.kind, 1));
  g_assert_true (read_look (&server, 0, "{\"is_sleeping\":false}"));
  g_assert_false (orf_actuator_kind_is_empty (server.kind, &server.state));
  g_assert_true (read_look (&server, 1,
                            "# HELP vllm:num_requests_running a\n"
                            "vllm:num_requests_running{engine=\"0\"} 2.0\n"
                            "vllm:num_requests_running{engine=\"}\"} 1.0 17\n"
                            "vllm:num_requests_waiting 1\n"
                            "vllm:num_requests_waiting_total 100\n"));
  g_assert_cmpint (server.state.n_running, ==, 4);
  assert_refusal (&server, ORF_CLEANUP_LEVEL_NORMAL,
                  "it is asked from level aggressive on ([actuators.it] from_level)");
  assert_refusal (&server, ORF_CLEANUP_LEVEL_AGGRESSIVE, "4 requests run or wait");
  server.state.n_running = 0;
  assert_refusal (&server, ORF_CLEANUP_LEVEL_AGGRESSIVE, NULL);
  assert_text (get_cleanup (&server, ORF_CLEANUP_LEVEL_AGGRESSIVE),
               "POST /sleep?level=1&mode=wait -");
  assert_text (get_restore (&server, ORF_CLEANUP_LEVEL_AGGRESSIVE), "POST /wake_up -");
  g_assert_true (read_look (&server, 0, "{\"is_sleeping\":true,\"more\":1}"));
  g_assert_true (orf_actuator_kind_is_done (server.kind, &server.state));
  g_assert_true (orf_actuator_kind_is_empty (server.kind, &server.state));
  g_assert_cmpint (orf_actuator_kind_get_claim (&server.state, &server.state), ==, -1);
  g_assert_false (read_look (&server, 0, "{}"));
  g_assert_false (read_look (&server, 0, "<html>"));
  g_assert_cmpstr (orf_actuator_kind_get_capabilities (server.kind, server.settings)[0], ==,
                   "unload");
}

/* One that tells no such gauges does not say that nothing runs. */
static void
test_unknown_requests (void)
{
  g_auto (Server) server = server_new (URL, "kind=vllm\nfrom_level=light");

  g_assert_true (read_look (&server, 1, "vllm:other 7\n"));
  g_assert_cmpint (server.state.n_running, ==, -1);
  assert_refusal (&server, ORF_CLEANUP_LEVEL_LIGHT, NULL);
  g_assert_cmpstr (orf_actuator_kind_get_capabilities (server.kind, server.settings)[0], ==,
                   "trim");
}

static void
test_sglang (void)
{
  g_auto (Server) server = server_new (URL, "kind=sglang\nfrom_level=normal");

  assert_text (get_looks (&server), "GET /health -");
  g_assert_true (read_look (&server, 0, ""));
  assert_text (get_cleanup (&server, ORF_CLEANUP_LEVEL_NORMAL),
               "POST /flush_cache -;POST /release_memory_occupation {\"tags\":[\"kv_cache\"]}");
  assert_text (get_cleanup (&server, ORF_CLEANUP_LEVEL_AGGRESSIVE),
               "POST /flush_cache -;"
               "POST /release_memory_occupation {\"tags\":[\"kv_cache\",\"weights\"]}");
  assert_text (get_restore (&server, ORF_CLEANUP_LEVEL_NORMAL),
               "POST /resume_memory_occupation {\"tags\":[\"kv_cache\"]}");
  g_assert_true (orf_actuator_kind_is_done (server.kind, &server.state));
  g_assert_false (orf_actuator_kind_is_empty (server.kind, &server.state));
}

static void
test_triton (void)
{
  g_auto (Server) server = server_new (URL, "kind=triton\nmodels=bert;a b/c");

  assert_text (get_looks (&server), "POST /v2/repository/index {}");
  g_assert_true (read_look (
    &server, 0,
    "[{\"name\":\"bert\",\"version\":\"1\",\"state\":\"READY\",\"reason\":\"\"},"
    "{\"name\":\"a b/c\",\"state\":\"UNLOADING\"},{\"name\":\"other\",\"state\":\"READY\"},"
    "{\"name\":\"bert\",\"state\":\"UNAVAILABLE\"},{\"name\":\"bert\"}]"));
  assert_text (get_cleanup (&server, ORF_CLEANUP_LEVEL_AGGRESSIVE),
               "POST /v2/repository/models/bert/unload {};"
               "POST /v2/repository/models/a%20b%2Fc/unload {}");
  assert_text (get_restore (&server, ORF_CLEANUP_LEVEL_AGGRESSIVE),
               "POST /v2/repository/models/bert/load {};"
               "POST /v2/repository/models/a%20b%2Fc/load {}");
  g_assert_false (orf_actuator_kind_is_done (server.kind, &server.state));
  orf_actuator_state_clear (&server.state);
  g_assert_true (read_look (&server, 0, "[{\"name\":\"bert\",\"state\":\"UNAVAILABLE\"}]"));
  g_assert_true (orf_actuator_kind_is_done (server.kind, &server.state));
  g_assert_false (read_look (&server, 0, "{\"error\":\"no\"}"));
}

static void
test_ollama (void)
{
  g_auto (Server) server = server_new (URL, "kind=ollama");
  OrfActuatorState before;

  g_assert_true (read_look (&server, 0,
                            "{\"models\":[{\"name\":\"llama3:latest\",\"size\":9,\"size_vram\":70},"
                            "{\"name\":\"a\\\"b\",\"size_vram\":30}]}"));
  g_assert_cmpint (server.state.reserved_bytes, ==, 100);
  assert_refusal (&server, ORF_CLEANUP_LEVEL_LIGHT,
                  "it is asked from level normal on ([actuators.it] from_level)");
  assert_refusal (&server, ORF_CLEANUP_LEVEL_NORMAL, NULL);
  assert_text (get_cleanup (&server, ORF_CLEANUP_LEVEL_NORMAL),
               "POST /api/generate {\"model\":\"llama3:latest\",\"keep_alive\":0,\"stream\":false};"
               "POST /api/generate {\"model\":\"a\\\"b\",\"keep_alive\":0,\"stream\":false}");
  before = server.state;
  orf_actuator_state_init (&server.state);
  g_assert_true (read_look (&server, 0, "{\"models\":[]}"));
  g_assert_true (orf_actuator_kind_is_done (server.kind, &server.state));
  g_assert_cmpint (orf_actuator_kind_get_claim (&before, &server.state), ==, 100);
  orf_actuator_state_clear (&before);
}

/* What is not named stays, and is not claimed. */
/* A server may say anything: what it holds stays a number that a result can have. */
static void
test_without_bounds (void)
{
  g_auto (Server) server = server_new (URL, "kind=ollama");
  g_autoptr (GString) body = g_string_new ("{\"models\":[");

  for (guint i = 0; i < 1100; i++)
    g_string_append_printf (body, "%s{\"name\":\"m%u\",\"size_vram\":9007199254740992}",
                            i > 0 ? "," : "", i);
  g_string_append (body, "]}");
  g_assert_true (read_look (&server, 0, body->str));
  g_assert_cmpint (server.state.held_bytes, ==, G_GINT64_CONSTANT (1) << 53);
  g_assert_cmpint (server.state.reserved_bytes, ==, G_GINT64_CONSTANT (1) << 53);
}

static void
test_ollama_named (void)
{
  g_auto (Server) server = server_new (URL, "kind=ollama\nmodels=llama3\nrestore=low");

  g_assert_true (read_look (&server, 0,
                            "{\"models\":[{\"name\":\"llama3:latest\",\"size_vram\":70},"
                            "{\"name\":\"llama3:8b\",\"size_vram\":1},{\"name\":\"llama\"}]}"));
  g_assert_cmpint (server.state.held_bytes, ==, 70);
  g_assert_cmpint (server.state.reserved_bytes, ==, 71);
  assert_text (get_restore (&server, ORF_CLEANUP_LEVEL_NORMAL),
               "POST /api/generate {\"model\":\"llama3:latest\",\"stream\":false}");
}

static void
test_comfyui (void)
{
  g_auto (Server) server = server_new (URL, "kind=comfyui");

  g_assert_true (
    read_look (&server, 0,
               "{\"system\":{},\"devices\":[{\"name\":\"cuda:0\",\"vram_total\":900,"
               "\"torch_vram_total\":500,\"torch_vram_free\":200},{\"name\":\"cpu\"}]}"));
  g_assert_cmpint (server.state.reserved_bytes, ==, 500);
  g_assert_cmpint (server.state.allocated_bytes, ==, 300);
  assert_text (get_cleanup (&server, ORF_CLEANUP_LEVEL_NORMAL),
               "POST /free {\"unload_models\":true,\"free_memory\":true}");
  assert_text (get_restore (&server, ORF_CLEANUP_LEVEL_NORMAL), "");
}

static void
test_http (void)
{
  g_auto (Server) server = server_new (URL "/trim?a=1", "body={\"level\":1}\nrestore=low\n"
                                                        "restore_path=/resume");

  g_assert_cmpuint (orf_actuator_kind_get_n_looks (server.kind), ==, 0);
  assert_text (get_cleanup (&server, ORF_CLEANUP_LEVEL_NORMAL), "POST (url) {\"level\":1}");
  assert_text (get_restore (&server, ORF_CLEANUP_LEVEL_NORMAL), "POST /resume -");
}

static void
test_settings (void)
{
  static const struct {
    const char *target, *keys, *field; /* field NULL: they are good */
  } cases[] = {
    { URL, "", NULL },
    { "http://unix:/run/x.sock:/free", "", NULL },
    { "https://user:secret@host/", "kind=vllm", NULL },
    { "exec", "kind=exec\ncommand=/bin/true;a", NULL },
    { "exec", "", "actuators.it.kind" },
    { "exec", "kind=exec", "actuators.it.command" },
    { "exec", "kind=exec\ncommand=true", "actuators.it.command" },
    { URL, "kind=exec\ncommand=/bin/true", "actuators.it" },
    { "ftp://host", "kind=vllm", "actuators.it" },
    { "host", "", "actuators.it" },
    { URL, "kind=triton", "actuators.it.models" },
    { URL, "kind=comfyui\nrestore=low", "actuators.it.restore" },
    { URL, "restore=low", "actuators.it.restore_path" },
    { URL, "kind=vllm\nrestore=low", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (Server) server = server_new (cases[i].target, cases[i].keys);
    g_autoptr (GError) error = NULL;

    g_assert_true (orf_actuator_kind_check (server.settings, &error) == (cases[i].field == NULL));
    if (cases[i].field == NULL)
      continue;
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_true (g_str_has_prefix (error->message, cases[i].field));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/actuator-kind/vllm", test_vllm);
  g_test_add_func ("/actuator-kind/unknown-requests", test_unknown_requests);
  g_test_add_func ("/actuator-kind/sglang", test_sglang);
  g_test_add_func ("/actuator-kind/triton", test_triton);
  g_test_add_func ("/actuator-kind/ollama", test_ollama);
  g_test_add_func ("/actuator-kind/ollama-named", test_ollama_named);
  g_test_add_func ("/actuator-kind/without-bounds", test_without_bounds);
  g_test_add_func ("/actuator-kind/comfyui", test_comfyui);
  g_test_add_func ("/actuator-kind/http", test_http);
  g_test_add_func ("/actuator-kind/settings", test_settings);
  return g_test_run ();
}
