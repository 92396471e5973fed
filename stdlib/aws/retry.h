/* retry.h - what a reply of AWS says about sending again. Pure.
 *
 * Codes: the AWS SDKs' "standard" retry mode. IAM's LimitExceeded, without "Exception", is a
 * quota and no throttling.
 */
#pragma once

#include "base/str.h"
#include "talk/retry.h"

/* Of a reply with this status and error code (empty when it has none). */
enum retry_cause retry_cause_of(int status, str code);
