"""Files of other tools: a format a file. Reading gives a ``ForeignTape``; writing takes a cassette.

tape.py         what a file of another tool says, in our words
document.py     bytes of a file to a JSON or YAML document, within limits; yaml_document.py: YAML that runs nothing
recognise.py    which format a file has, by its content
message.py      headers, URLs and bodies that other tools left inconsistent
har.py, har_bytes.py, har_document.py          HAR in and out
vcr_file.py, vcr_document.py                   vcrpy's files in and out
vcr_recording.py                               what vcrpy recorded, into a folder
webhook.py                                     what RunPod posts to a webhook, in
wiremock.py, wiremock_request.py               WireMock mappings, out
losses.py       what a format cannot carry
"""
