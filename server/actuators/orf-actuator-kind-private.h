/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "actuators/orf-actuator-kind.h"

G_BEGIN_DECLS

/* The rows of the table of kinds, each beside the servers that it is of, and nobody else's. */

typedef struct {
  const char *verb, *path, *body;
  /* NULL: that it answers is all. */
  gboolean (*read) (const OrfConfigActuator *settings,
                    const GString *body,
                    OrfActuatorState *state,
                    GError **error);
  gboolean optional; /* not every version, or setting, has it */
} OrfActuatorLook;

struct _OrfActuatorKind {
  const char *name;
  gboolean sleeps;              /* it does not serve until it is woken or loaded again */
  gboolean loads_itself;        /* it has no way back, and needs none */
  const OrfActuatorLook *looks; /* NULL: its state cannot be asked */
  guint n_looks;
  void (*add_cleanup) (const OrfConfigActuator *settings,
                       OrfCleanupLevel level,
                       const OrfActuatorState *state,
                       GPtrArray *requests);
  gboolean (*is_done) (const OrfActuatorState *now); /* NULL: what it answered is all it says */
  void (*add_restore) (const OrfConfigActuator *settings,
                       OrfCleanupLevel level,
                       const OrfActuatorState *before,
                       GPtrArray *requests);
};

extern const OrfActuatorKind orf_actuator_kind_vllm;
extern const OrfActuatorKind orf_actuator_kind_sglang;
extern const OrfActuatorKind orf_actuator_kind_comfyui;
extern const OrfActuatorKind orf_actuator_kind_triton;
extern const OrfActuatorKind orf_actuator_kind_ollama;

/* body NULL: none. */
void orf_actuator_add_post (GPtrArray *requests, const char *path, const char *body);
/* To a sum that is -1 while nothing of it is known. */
void orf_actuator_add_known (gint64 *sum, gint64 bytes);

G_END_DECLS
