/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as what an inference server answers: the first says which one, and which of its
 * answers.  What is known of it then makes requests whose bodies are JSON. */
#include <stdint.h>
#include <string.h>

#include "actuators/orf-actuator-kind.h"
#include "core/orf-config.h"
#include "orf-error.h"
#include "orf-json.h"

#include "fuzz-file.h"

#define N_KINDS (ORF_CONFIG_ACTUATOR_KIND_COMFYUI + 1)

static void
check_requests (GPtrArray *taken)
{
  g_autoptr (GPtrArray) requests = taken;

  for (guint i = 0; i < requests->len; i++) {
    const OrfActuatorRequest *request = requests->pdata[i];
    g_autoptr (json_t) body = NULL;

    if (request->body == NULL)
      continue;
    body = orf_json_parse (request->body, strlen (request->body), 64, NULL);
    if (body == NULL)
      g_error ("a body that is not JSON: %s", request->body);
  }
}

static void
act (const OrfActuatorKind *kind, const OrfConfigActuator *settings, const OrfActuatorState *state)
{
  for (OrfCleanupLevel level = 0; level <= ORF_CLEANUP_LEVEL_AGGRESSIVE; level++) {
    g_free (orf_actuator_kind_dup_refusal (kind, settings, level, state));
    check_requests (orf_actuator_kind_make_cleanup (kind, settings, level, state));
    check_requests (orf_actuator_kind_make_restore (kind, settings, level, state));
  }
  orf_actuator_kind_is_empty (kind, state);
  orf_actuator_kind_is_done (kind, state);
  if (orf_actuator_kind_get_claim (state, state) > 0)
    g_error ("nothing changed, and something was freed");
}

/* One of each kind, as settings have it. */
static const OrfConfigActuator *
get_settings (guint number)
{
  static const char *const words[N_KINDS + 1] = {
    "actuators.a=http://127.0.0.1:1", "actuators.b=http://127.0.0.1:1",
    "actuators.c=http://127.0.0.1:1", "actuators.d=http://127.0.0.1:1",
    "actuators.e=http://127.0.0.1:1", "actuators.f=http://127.0.0.1:1",
    "actuators.g=http://127.0.0.1:1",
  };
  static OrfConfig *config;
  OrfConfigActuator *settings;

  if (config == NULL) {
    g_autoptr (GError) error = NULL;

    config = orf_config_load (fuzz_write_file (NULL, 0), words, &error);
    if (config == NULL)
      g_error ("%s", error->message);
    for (guint i = 0; i < N_KINDS; i++) {
      settings = config->actuators.servers->pdata[i];
      settings->kind = (int) i;
      g_strfreev (settings->models);
      settings->models = g_strsplit ("llama3", ";", -1);
    }
  }
  return config->actuators.servers->pdata[number];
}

/* What it is asked, it is told by its name, and can be asked for what it can do. */
static void
check_kind (const OrfActuatorKind *kind, const OrfConfigActuator *settings)
{
  const char *const *capabilities = orf_actuator_kind_get_capabilities (kind, settings);

  if (orf_actuator_kind_get_name (kind)[0] == '\0')
    g_error ("a kind without a name");
  for (guint i = 0; capabilities[i] != NULL; i++)
    if (capabilities[i][0] == '\0')
      g_error ("asked for nothing");
  for (guint i = 0; i < orf_actuator_kind_get_n_looks (kind); i++) {
    g_autoptr (OrfActuatorRequest) look = orf_actuator_kind_make_look (kind, i);

    orf_actuator_kind_is_optional (kind, i);
    if (look->path != NULL && look->path[0] != '/')
      g_error ("a look at %s", look->path);
  }
}

/* Settings as an administrator writes them: the text is where the server is. */
static void
check_settings (const OrfConfigActuator *settings, guint8 what, const char *text)
{
  OrfConfigActuator other = *settings;
  char *words[] = { (char *) text, NULL };
  g_autoptr (GError) error = NULL;

  other.target = (char *) (what & 1 ? text : "exec");
  other.command = other.models = words + (what & 2 ? 0 : 1);
  other.restore = what & 4 ? ORF_CONFIG_ACTUATOR_RESTORE_NEVER : ORF_CONFIG_ACTUATOR_RESTORE_LOW;
  other.restore_path = (char *) text;
  other.from_level = what / 8 % 4;
  orf_actuator_kind_get_capabilities (orf_actuator_kind_get (&other), &other);
  if (!orf_actuator_kind_check (&other, &error) &&
      !g_str_has_prefix (orf_error_get_field (error), "actuators."))
    g_error ("refused without its key: %s", error->message);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const OrfConfigActuator *settings;
  const OrfActuatorKind *kind;
  g_autoptr (GString) body = NULL;
  g_autoptr (GError) error = NULL;
  OrfActuatorState state;
  guint n_looks;

  if (size == 0)
    return 0;
  settings = get_settings (data[0] % N_KINDS);
  kind = orf_actuator_kind_get (settings);
  n_looks = orf_actuator_kind_get_n_looks (kind);
  body = g_string_new_len ((const char *) data + 1, (gssize) size - 1);
  check_kind (kind, settings);
  check_settings (settings, data[0], body->str);
  orf_actuator_state_init (&state);
  if (n_looks == 0 || orf_actuator_kind_read_look (kind, settings, data[0] / N_KINDS % n_looks,
                                                   body, &state, &error))
    act (kind, settings, &state);
  else if (error == NULL)
    g_error ("refused without a word");
  orf_actuator_state_clear (&state);
  return 0;
}
