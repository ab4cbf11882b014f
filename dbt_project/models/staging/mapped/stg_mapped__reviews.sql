{{ mapped_entity('reviews') }}
