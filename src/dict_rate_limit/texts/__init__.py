"""Every sentence people read: messages of alerts, notifications and the page, in Portuguese and English."""
