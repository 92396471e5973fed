module quamina_peer

go 1.22.0

require quamina.net/go/quamina/v2 v2.0.3-0.20260626224833-81f5b7301315
