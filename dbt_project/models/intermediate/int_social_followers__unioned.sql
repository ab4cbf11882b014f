{{ unioned_entity('social_followers', [ref('stg_mapped__social_followers')]) }}
