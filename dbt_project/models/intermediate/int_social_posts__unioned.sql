{{ unioned_entity('social_posts', [ref('stg_mapped__social_posts')]) }}
