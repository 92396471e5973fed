/* voice.h - how CrowdStrike and Microsoft speak: JSON, and a status.
 *
 * CrowdStrike: {"meta":..,"errors":[{"code","message"}],"resources":[..]}, where errors may stand in a
 * reply with status 200, 201 or 202: with nothing done beside them (no resources, none written) they
 * are what the reply is, by the status that the code begins with (40401: 404, else 400); beside
 * resources it is an ANSWER, whose errors the step looks at. Microsoft: {"error":{"code","message"}}.
 * The answer's root is the whole object as a tree (talk/json_tree.h); a 204 is an empty one. A body
 * that is no JSON with a status of success is HEARD_NOTHING, a web page with any status; 408, 429,
 * 3xx and 5xx are too: not done, or not known (`code` and `root` say what is said). Code of an error
 * without one: "HTTP404".
 */
#pragma once

#include "talk/talk.h"

extern const struct speaker crowdstrike_speaker;
extern const struct speaker microsoft_speaker;
