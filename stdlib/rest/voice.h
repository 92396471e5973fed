/* voice.h - how CrowdStrike and Microsoft speak: JSON, and a status.
 *
 * CrowdStrike: {"meta":..,"errors":[{"code","message"}],"resources":[..]}, where errors may stand in a
 * reply with status 200, 201 or 202. Microsoft: {"error":{"code","message"}}. The answer's root is the
 * whole object as a tree (talk/json_tree.h). A body that is no JSON with a status of success is
 * HEARD_NOTHING; 429 and 5xx are too: not done, or not known. Code of an error without one: "HTTP404".
 */
#pragma once

#include "talk/talk.h"

extern const struct speaker crowdstrike_speaker;
extern const struct speaker microsoft_speaker;
