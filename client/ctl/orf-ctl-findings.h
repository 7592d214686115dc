/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/* What was looked at, how it is, and what to do about it. */
typedef struct _OrfCtlFindings OrfCtlFindings;

typedef enum {
  ORF_CTL_FINDING_GOOD,
  ORF_CTL_FINDING_NOTE,    /* worth knowing; nothing is to be done */
  ORF_CTL_FINDING_WARNING, /* it works, and something is lost or soon will be */
  ORF_CTL_FINDING_FAULT,
} OrfCtlFindingLevel;

OrfCtlFindings *orf_ctl_findings_new (void);
void orf_ctl_findings_free (OrfCtlFindings *findings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlFindings, orf_ctl_findings_free)

/* area: "redis", a literal.  What follows is formatted. */
void orf_ctl_findings_add (OrfCtlFindings *findings,
                           const char *area,
                           OrfCtlFindingLevel level,
                           const char *format,
                           ...) G_GNUC_PRINTF (4, 5);
/* What is to be done about the newest one. */
void
orf_ctl_findings_advise (OrfCtlFindings *findings, const char *format, ...) G_GNUC_PRINTF (2, 3);

guint orf_ctl_findings_count (const OrfCtlFindings *findings, OrfCtlFindingLevel level);
void orf_ctl_findings_append_to (const OrfCtlFindings *findings,
                                 const OrfCtlTerminal *terminal,
                                 GString *out);
/* {"findings": [{"area", "level", "text", "advice"}]} */
char *orf_ctl_findings_to_json (const OrfCtlFindings *findings);

G_END_DECLS
