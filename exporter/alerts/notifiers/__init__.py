"""What each service is told of an alert: one file a service, a few lines of payload each."""
