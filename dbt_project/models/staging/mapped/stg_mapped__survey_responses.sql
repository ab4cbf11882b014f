{{ mapped_entity('survey_responses') }}
