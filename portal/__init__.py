"""The web floor: captive portal, self-service and administration pages. Its first pages come with the portal issue."""
