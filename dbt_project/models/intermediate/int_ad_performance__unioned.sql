{{ unioned_entity('ad_performance', [ref('stg_mapped__ad_performance')]) }}
