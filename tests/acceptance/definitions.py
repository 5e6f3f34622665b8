"""The workflows the acceptance tests run on, without their first line; a stack adds the name."""

WELCOME = """\
description: Tell Cymbal of everybody who bought a ticket. It cannot be repeated.
when:
  event: order.placed
  where: default(event.data.show_id, '') != 'launch'
steps:
  - id: welcome
    call: cymbal.create_contact
    with:
      contact: {email: =event.data.buyer.email}
      opt_ins: {email: =event.data.consent.email, sms: =event.data.consent.sms}
"""

RAISE = """\
description: Give every completed campaign a fixed total. It can be repeated.
when:
  event: symphony.campaign.completed
steps:
  - id: raise
    call: symphony.edit_campaign
    with: {id: =event.data.id, budget: 400 USD}
"""

RAISE_EARLY = """\
description: Ask for the edit as soon as the campaign exists; Symphony takes it only after it has completed.
when:
  event: symphony.campaign.created
steps:
  - id: raise
    call: symphony.edit_campaign
    with: {id: =event.data.id, budget: 400 USD}
"""

LAUNCH = """\
description: Advertise a show as soon as its first ticket is sold. It spends money and cannot be repeated.
when:
  event: order.placed
  where: default(event.data.show_id, '') == 'launch'
steps:
  - id: advertise
    call: symphony.create_campaign
    with:
      provider: facebook
      campaign_type: link_clicks
      campaign_name: Launch
      metadata:
        budget: 100 USD
        start_date: 2026-03-01T05:00:00.000Z
        end_date: 2026-03-05T05:00:00.000Z
        link_to_boost: https://example.com/tickets
        public_image_links: [{url: https://example.com/poster.jpg, name: poster}]
"""
