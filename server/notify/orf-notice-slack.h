/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* A message for Slack's incoming webhooks, with text and attachments, which Mattermost and others
 * take too.  Lengths are bounded; labels and summaries are escaped, so that nothing in them is a
 * link or calls a channel.  Pure. */
GString *orf_notice_slack_format (const OrfAlertTelling *telling, const char *external_url);

G_END_DECLS
