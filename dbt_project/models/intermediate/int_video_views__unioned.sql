{{ unioned_entity('video_views', [ref('stg_mapped__video_views')]) }}
