/* small_world.h - a sandbox's world with one of each, for tests that begin thousands. */
#pragma once

static const char small_world[] =
    "{\"accounts\": [{\"account\": \"111122223333\","
    "\"roles\": [{\"roleName\": \"web\", \"path\": \"/\", \"arn\": "
    "\"arn:aws:iam::111122223333:role/web\", \"policies\": {}}],"
    "\"instanceProfiles\": [{\"instanceProfileName\": \"web-profile\", \"path\": \"/\", "
    "\"arn\": \"arn:aws:iam::111122223333:instance-profile/web-profile\", \"roles\": [\"web\"]}],"
    "\"regions\": [{\"region\": \"eu-west-1\","
    "\"vpcs\": [{\"vpcId\": \"vpc-00000001\"}, {\"vpcId\": \"vpc-00000002\", \"isDefault\": true}],"
    "\"securityGroups\": [{\"groupId\": \"sg-00000001\", \"groupName\": \"web\", \"vpcId\": "
    "\"vpc-00000001\", \"rules\": []}, {\"groupId\": \"sg-00000002\", \"groupName\": \"lab\", "
    "\"vpcId\": \"vpc-00000002\", \"rules\": []}],"
    "\"instances\": [{\"instanceId\": \"i-00000001\", \"state\": \"running\", \"vpcId\": "
    "\"vpc-00000001\", \"rootDeviceName\": \"/dev/xvda\", \"tags\": {\"env\": \"prod\"}}],"
    "\"networkInterfaces\": [{\"networkInterfaceId\": \"eni-00000001\", \"instanceId\": "
    "\"i-00000001\", \"deviceIndex\": 0, \"vpcId\": \"vpc-00000001\", \"groups\": "
    "[\"sg-00000001\"]}],"
    "\"volumes\": [{\"volumeId\": \"vol-00000001\", \"state\": \"in-use\", \"instanceId\": "
    "\"i-00000001\", \"device\": \"/dev/xvda\", \"size\": 8}]}]}]}";
