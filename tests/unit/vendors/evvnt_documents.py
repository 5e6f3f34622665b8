"""What evvnt's documents show: bodies sent and answers received."""

USER_ID = "550e8400-e29b-41d4-a716-446655440000"
PACKAGE_ID = "6f1c1a52-0000-4000-8000-000000000001"

EVENT = """{"title": "Example Show", "category_id": 17,
 "start_time": "2026-06-20T20:00:00+0100", "end_time": "2026-06-20T23:00:00+0100",
 "summary": "One night only.", "description": "Full text.",
 "image_urls": ["https://img.example.com/1.jpg"],
 "contact": {"name": "Jo Field", "email": "jo@example.com", "tel": "020 1111 2222"},
 "venue": {"name": "The Hall", "address_1": "1 High Street", "town": "London", "country": "GB", "postcode": "W1T 1PD"},
 "links": {"Tickets": "https://tickets.example.com/1"},
 "prices": {"General": "GBP 20", "VIP": "GBP 45"},
 "artists": "First Act, Second Act", "hashtag": "exampleshow2026"}"""

OWN_EVENT = f"""{{"title": "Example Show", "capacity": 100, "category_id": 17,
 "start_time": "2018-06-23T22:00:00+0100", "end_time": "2018-06-24T03:00:00+0100",
 "door_time": "2018-06-23T21:00:00+0100", "last_entry_time": "2018-06-23T23:00:00+0100",
 "summary": "First line\\nSecond line\\n", "description": "Full text.\\n",
 "image_urls": ["http://example.com/image.jpg"], "organiser_name": "John Smith Event Organisers Ltd",
 "contact": {{"name": "John Smith", "email": "johnsmith@example.com", "tel": "020 1111 2222"}},
 "venue": {{"name": "Venue name", "address_1": "Venue Address Line 1", "address_2": "Venue Address Line 2",
  "town": "London", "country": "GB", "postcode": "W1T 1PD", "latitude": 51.517337, "longitude": -0.135175}},
 "links": {{"Website": "https://example.com", "Booking": "https://example.com/book"}},
 "prices": {{"price 1": "GBP 3.5", "price 2": "GBP 1.0"}},
 "artists": "Richard Green, Groucho Marx", "keywords": "Example, event, keywords", "hashtag": "event2013",
 "sub_category_ids": [22, 23], "package_id": "{PACKAGE_ID}"}}"""

CHANGES = """{"title": "Another title", "start_time": "2018-06-23T22:00:00+0100",
 "image_urls": ["http://example.com/image.jpg"]}"""

PURCHASE = '{"id": 50, "event_quantity": 5, "purchase_order_id": "PO235", "notes": ""}'

FOUND = """{"id": 12345, "title": "The Event Title", "capacity": 100, "category_id": 17, "sub_category_ids": [22, 23],
 "timestamp": "2013-02-07T17:35:22Z", "start_time": "2013-02-23T22:00:00Z", "end_time": "2013-02-24T03:00:00Z",
 "summary": "First line\\r\\nSecond line\\r\\n", "description": "Full text.\\r\\n",
 "image_urls": ["http://example.com/image.jpg"], "organiser_name": "John Smith Event Organisers Ltd",
 "contact": {"name": "John Smith", "email": "johnsmith@example.com", "tel": "020 1111 2222"},
 "venue": {"id": "15", "name": "Venue name", "address_1": "Venue Address Line 1",
  "address_2": "Venue Address Line 2", "town": "Venue town / city", "country": "GB", "postcode": "W1T 1PD",
  "latitude": 52.1234, "longitude": -0.5678},
 "links": {"Website": "https://go.evvnt.com/UUnkit", "Twitter": "https://go.evvnt.com/fswtgv"},
 "prices": {"price 1": "GBP 3.5", "price 2": "GBP 1.0"},
 "artists": "Richard Green, Groucho Marx", "keywords": "Example, event, keywords", "hashtag": "event2013"}"""

OURS = """{"id": 12345, "title": "The Event Title", "category_id": 17, "timestamp": "2013-02-07T17:35:22Z",
 "start_time": "2013-02-23T22:00:00Z", "end_time": "2013-02-24T03:00:00Z", "summary": "s", "description": "d",
 "venue": {"name": "Venue name", "address_1": "a", "town": "t", "country": "GB", "postcode": "W1T 1PD"},
 "user_id": "550e8400-e29b-41d4-a716-446655440000",
 "report_url": "https://evvnt.example.com/report?digest=let-me-in&timestamp=1"}"""

CATEGORIES = b"""[{"id": 126, "parent_id": 2, "name": "Academic / Learning"},
 {"id": 49, "parent_id": 48, "name": "Accounting"}, {"id": 26, "parent_id": null, "name": "All"}]"""

PUBLISHED = """{"publisher_id": 324, "event_id": 1385, "url": null, "event_title": "Accounting Conf 2",
 "event_start_time": "2014-05-10T15:00:00+01:00"}"""

CONTRACT = b"""{"package_options": [{"id": 50, "type": "SinglePackage", "broadcast_volume": 60, "currency": "GBP",
 "cost_per_event": "500.0"}]}"""

PACKAGE = f"""{{"uuid": "{PACKAGE_ID}", "type": "SinglePackage", "broadcast_volume": 60, "event_quantity": 5,
 "purchase_order_id": "PO235", "notes": "", "purchase_date": "2014-01-01"}}"""

USER = f'{{"uuid": "{USER_ID}", "name": "Richard Green", "email": "richard@example.com"}}'

REPORT = b"""{"event_id": 1234,
 "broadcast_results": {"num_sites_total": 90, "num_sites_live": 30, "num_sites_submitted": 60},
 "audience_reach": {"uniques": 79302819, "local_reach": 790108, "mobile_apps": 29},
 "clicks_by_day": [["x", "Twitter", "Myspace", "Total clicks"], ["1 Mar", 5, 22, 27], ["2 Mar", 0, 0, 0]],
 "referrers": {"facebook.com": 3, "twitter.com": 4},
 "search_indexing": {"google_url": "https://www.google.co.uk/search?q=My+Event+Title"},
 "broadcasts": [{"url": "", "category": "Targeted", "publisher": {"id": 133, "name": "- Finance",
  "url": "http://www.financial-conferences.com/", "location_type_description": "Global", "site_unique_users": 15000,
  "local_reach": 150, "mobile_app": false, "blog_post_url": "http://evvnt.com/2012/10/the-guide/"}}]}"""
