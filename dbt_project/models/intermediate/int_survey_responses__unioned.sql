{{ unioned_entity('survey_responses', [ref('stg_mapped__survey_responses')]) }}
