/** Names on the test run's server. */
export const TEMPLATE = 'vantage_template';
export const API_LOGIN = 'vantage_test_api';
