/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "actuators/orf-actuator-kind.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/*
 * One server of [actuators]: a worker that is asked by HTTP or by a command, looked at now and
 * then, and woken again where the config says so.  Main context; nothing of it blocks.
 */
typedef struct _OrfActuator OrfActuator;

typedef struct {
  const OrfConfig *config; /* outlives it */
  OrfWorkers *workers;
  /* Whether the pressure of the device is low; NULL: of all. */
  gboolean (*is_low) (gpointer user_data, const char *device);
  gpointer user_data;
} OrfActuatorParts;

/* Checks and copies settings, and registers the worker.  INVALID_ARGUMENT with the field, or
 * FAILED_PRECONDITION for a file that cannot be read. */
OrfActuator *
orf_actuator_new (const OrfActuatorParts *parts, const OrfConfigActuator *settings, GError **error);
/* What is asked of it ends as lost. */
void orf_actuator_free (OrfActuator *actuator);
gboolean orf_actuator_has_settings (OrfActuator *actuator, const OrfConfigActuator *settings);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfActuator, orf_actuator_free)

G_END_DECLS
