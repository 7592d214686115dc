/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Servers that load and unload models by their names: Triton, Ollama. */
#include "actuators/orf-actuator-kind-private.h"

#include <string.h>

#include "orf-decode.h"
#include "orf-encode.h"

/* "llama3" is "llama3:latest" to Ollama. */
static gboolean
is_meant (const OrfConfigActuator *settings, const char *name)
{
  gsize length = strcspn (name, ":");

  if (settings->models[0] == NULL)
    return settings->kind == ORF_CONFIG_ACTUATOR_KIND_OLLAMA;
  for (guint i = 0; settings->models[i] != NULL; i++)
    if (g_str_equal (settings->models[i], name) ||
        (g_str_equal (name + length, ":latest") && strlen (settings->models[i]) == length &&
         strncmp (settings->models[i], name, length) == 0))
      return TRUE;
  return FALSE;
}

/* Triton's index has what is merely in the repository too; Ollama tells only what is loaded. */
static gboolean
is_loaded (const OrfConfigActuator *settings, const char *state)
{
  static const char *const loaded[] = { "READY", "LOADING", "UNLOADING", NULL };

  return settings->kind == ORF_CONFIG_ACTUATOR_KIND_OLLAMA ||
         (state != NULL && g_strv_contains (loaded, state));
}

static void
take_models (const OrfConfigActuator *settings,
             const OrfActuatorModels *answer,
             OrfActuatorState *state)
{
  state->models = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < answer->models->len; i++) {
    const OrfActuatorModel *model = answer->models->pdata[i];

    if (!is_loaded (settings, model->state))
      continue;
    if (model->has_size_vram)
      orf_actuator_add_known (&state->reserved_bytes, model->size_vram);
    if (!is_meant (settings, model->name))
      continue;
    g_ptr_array_add (state->models, g_strdup (model->name));
    if (model->has_size_vram)
      orf_actuator_add_known (&state->held_bytes, model->size_vram);
  }
}

/* prefix and suffix make the text an object where it is none. */
static gboolean
read_models (const OrfConfigActuator *settings,
             const char *prefix,
             const GString *body,
             const char *suffix,
             OrfActuatorState *state,
             GError **error)
{
  g_autofree char *text = g_strconcat (prefix, body->str, suffix, NULL);
  g_autoptr (OrfActuatorModels) answer = orf_decode_text (&orf_actuator_models_desc, text,
                                                          strlen (text), ORF_DECODE_LENIENT, error);

  if (answer == NULL)
    return FALSE;
  take_models (settings, answer, state);
  return TRUE;
}

static gboolean
has_no_models (const OrfActuatorState *now)
{
  return now->models != NULL && now->models->len == 0;
}

/* ---- Triton -----------------------------------------------------------------------------------
 */

static gboolean
read_index (const OrfConfigActuator *settings,
            const GString *body,
            OrfActuatorState *state,
            GError **error)
{
  return read_models (settings, "{\"models\":", body, "}", state, error);
}

static const OrfActuatorLook triton_looks[] = {
  { "POST", "/v2/repository/index", "{}", read_index, FALSE },
};

static void
add_triton (const char *verb, const GPtrArray *models, GPtrArray *requests)
{
  for (guint i = 0; i < models->len; i++) {
    g_autofree char *name = g_uri_escape_string (models->pdata[i], NULL, FALSE);
    g_autofree char *path = g_strconcat ("/v2/repository/models/", name, "/", verb, NULL);

    orf_actuator_add_post (requests, path, "{}");
  }
}

static void
add_unload (const OrfConfigActuator *settings,
            OrfCleanupLevel level,
            const OrfActuatorState *state,
            GPtrArray *requests)
{
  add_triton ("unload", state->models, requests);
}

static void
add_load (const OrfConfigActuator *settings,
          OrfCleanupLevel level,
          const OrfActuatorState *before,
          GPtrArray *requests)
{
  add_triton ("load", before->models, requests);
}

const OrfActuatorKind orf_actuator_kind_triton = {
  .name = "triton",
  .sleeps = TRUE,
  .looks = triton_looks,
  .n_looks = G_N_ELEMENTS (triton_looks),
  .add_cleanup = add_unload,
  .is_done = has_no_models,
  .add_restore = add_load,
};

/* ---- Ollama -----------------------------------------------------------------------------------
 */

static gboolean
read_ps (const OrfConfigActuator *settings,
         const GString *body,
         OrfActuatorState *state,
         GError **error)
{
  if (!read_models (settings, "", body, "", state, error))
    return FALSE;
  /* nothing is loaded: that is known */
  orf_actuator_add_known (&state->reserved_bytes, 0);
  orf_actuator_add_known (&state->held_bytes, 0);
  return TRUE;
}

static const OrfActuatorLook ollama_looks[] = {
  { "GET", "/api/ps", NULL, read_ps, FALSE },
};

static void
add_generate (const GPtrArray *models, const char *rest, GPtrArray *requests)
{
  for (guint i = 0; i < models->len; i++) {
    g_autoptr (GString) body = g_string_new ("{\"model\":");

    orf_encode_string (body, models->pdata[i], -1);
    g_string_append (body, rest);
    orf_actuator_add_post (requests, "/api/generate", body->str);
  }
}

static void
add_keep_no_more (const OrfConfigActuator *settings,
                  OrfCleanupLevel level,
                  const OrfActuatorState *state,
                  GPtrArray *requests)
{
  add_generate (state->models, ",\"keep_alive\":0,\"stream\":false}", requests);
}

/* A request without a prompt loads the model. */
static void
add_preload (const OrfConfigActuator *settings,
             OrfCleanupLevel level,
             const OrfActuatorState *before,
             GPtrArray *requests)
{
  add_generate (before->models, ",\"stream\":false}", requests);
}

const OrfActuatorKind orf_actuator_kind_ollama = {
  .name = "ollama",
  .looks = ollama_looks,
  .n_looks = G_N_ELEMENTS (ollama_looks),
  .add_cleanup = add_keep_no_more,
  .is_done = has_no_models,
  .add_restore = add_preload,
};
